"""Writes realism_expected.json: the five measures by OpenCV, NumPy and scikit-image on the pictures of
realism_pictures.py. Run in an environment with opencv-python-headless, numpy and scikit-image:
    python tests/golden/make_realism.py
"""
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bench" / "peers"))
import realism_peer  # noqa: E402
import realism_pictures  # noqa: E402

expected = {
    "made_by": {"cv2": realism_peer.cv2.__version__, "numpy": realism_peer.np.__version__,
                "skimage": realism_peer.skimage.__version__},
    "pictures": {},
}
for name in realism_pictures.NAMES:
    grey = realism_pictures.make(name)
    expected["pictures"][name] = {"sha256": hashlib.sha256(grey.tobytes()).hexdigest(), **realism_peer.measure(grey)}
(HERE / "realism_expected.json").write_text(json.dumps(expected, indent=1) + "\n")
