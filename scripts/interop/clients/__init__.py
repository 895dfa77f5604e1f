"""The clients, and what each of their calls must give."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

from . import control, plain, serving, triton, triton_async
from .expect import expected

__all__ = ["control", "expected", "plain", "serving", "triton", "triton_async"]
