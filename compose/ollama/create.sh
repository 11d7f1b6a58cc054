#!/bin/sh
# Make course/phi4-mini-<name> from modelfiles/<name>.Modelfile, for every file there is.
set -eu
ollama cp "$OLLAMA_MODEL" phi4-mini # the name that the course asks for
for file in /setup/modelfiles/*.Modelfile; do
  name=$(basename "$file" .Modelfile)
  ollama create "course/phi4-mini-$name" -f "$file"
done
