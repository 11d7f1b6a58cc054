"""The tutorial's server (Edge AI for Beginners, module 3, part 3; MIT licence), shortened: loading
and computing are cut down, the two handlers are word for word."""

import os

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI(title="Phi-4-mini ONNX Engine")


class ReasoningRequest(BaseModel):
    prompt: str


class Phi4MiniEngine:
    def __init__(self):
        self.model = None
        self.load_model()

    def load_model(self):
        model_path = "/app/models/phi4-mini-instruct.onnx"
        if os.path.exists(model_path):
            import onnxruntime

            self.model = onnxruntime.InferenceSession(model_path)
        else:
            print("✗ Model file not found. Please convert the model first.")

    def generate_reasoning(self, request: ReasoningRequest):
        if not self.model:
            raise ValueError("Model not loaded")
        return {"generated_text": self.model(request.prompt)}


engine = Phi4MiniEngine()


@app.post("/reasoning")
async def generate_reasoning(request: ReasoningRequest):
    try:
        return engine.generate_reasoning(request)
    except Exception as e:
        return {"error": str(e)}


@app.get("/health")
async def health():
    return {
        "status": "healthy" if engine.model else "model_not_loaded",
        "model": "phi4-mini-instruct",
    }
