"""Prints what TensorBoard reads of a run: python scripts/interop/events.py RUN

Needs the package tensorboard.
"""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1])
events.Reload()
tags = events.Tags()["scalars"]
if not tags:
    sys.exit(f"{sys.argv[1]}: no scalars")
for tag in tags:
    points = events.Scalars(tag)
    print(f"{tag}: {len(points)} points, step {points[-1].step}: {points[-1].value:.6g}")
for tag in events.Tags()["images"]:
    for image in events.Images(tag):
        if not image.encoded_image_string.startswith(b"\x89PNG"):
            sys.exit(f"{tag}: step {image.step} is no PNG file")
        print(f"{tag}: step {image.step}: {image.width}x{image.height}")
