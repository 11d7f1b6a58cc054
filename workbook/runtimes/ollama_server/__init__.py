"""A stand-in for the Ollama server: llama.cpp behind Ollama's API.

For machines that have no Ollama. It speaks Ollama's wire format (as of Ollama 0.33) and serves one
GGUF file, under as many names and settings as are created from it. What it leaves out (images,
thinking, other weights, Go templates, a registry) it refuses with an error that says so.
"""
