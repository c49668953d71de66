#include "kantei/dataset/build_plan.h"

namespace kantei::dataset {

std::string_view DefaultPlanText() {
  return R"json({
  "# ": "A plan for kantei dataset build. Members that begin with # are remarks; what is left out has these values.",
  "name": "set",
  "# licence": "what the data card says of the pictures' licence",
  "licence": "unknown",
  "# seed": "another seed, another set; the same plan, seed and files give the same set",
  "seed": 1,

  "pictures": {
    "# max_side": "larger pictures are shrunk to it or refused; all others keep their size",
    "max_side": 2048,
    "larger": "shrink",
    "least_side": 96,
    "# variants": "results drawn for each picture, besides the fixed counts of engines",
    "variants": 2,
    "# attempts": "masks that are tried before a result is given up",
    "attempts": 4
  },

  "masks": {
    "# kinds": "weights; what a picture does not offer is replaced by another kind",
    "kinds": {"instance": 4, "multi-instance": 1, "multi-class": 1, "background": 1, "random-shape": 3},
    "# area": "share of the picture; law: log-uniform or any",
    "area": [0.01, 0.4],
    "law": "log-uniform",
    "# closing": "radius of a morphological closing; grow: pixels, and grow_percent: of the area, by which an object's mask is grown",
    "closing": 3,
    "grow": 2,
    "grow_percent": 0
  },

  "# engines": "weight: how often it is drawn; count: results for every picture besides; held_out: in test-out alone; regenerated: its own share; most_area: larger holes go to others",
  "engines": [
    {"engine": "telea", "weight": 1},
    {"engine": "navier-stokes", "weight": 1},
    {"engine": "patch-match", "weight": 3},
    {"engine": "diffuse", "weight": 0.5},
    {"engine": "copy-paste", "weight": 2, "mixed": false},
    {"engine": "diffusion", "weight": 0.5, "model": "", "steps": 20, "guidance": 4, "side": 0},
    {"engine": "autoencoder", "weight": 0.5, "model": ""},
    {"engine": "fsr", "weight": 0.3, "held_out": true},
    {"engine": "shift-map", "weight": 0.1, "held_out": true}
  ],

  "# regenerated": "share of the results whose whole picture passes an autoencoder after the fill; the others are bit-identical outside the mask",
  "regenerated": 0.25,
  "# regenerated_history": "edited: samples.tsv lists them with the mask; generated: as made by a network all over",
  "regenerated_history": "edited",
  "# redecoder": "of kantei train autoencoder, or a diffusion model; empty: the shipped generator's autoencoder",
  "redecoder": "",

  "# text_to_picture": "share of the pictures that get a counterpart made from the same words alone",
  "text_to_picture": {"share": 0, "model": "", "steps": 20, "guidance": 4, "side": 0},

  "# post_processing": "one recipe is drawn for each picture; the authentic one and all results pass it alike",
  "post_processing": [
    {"name": "none", "weight": 3, "steps": []},
    {"name": "jpeg", "weight": 3, "steps": [{"jpeg": [60, 95]}]},
    {"name": "webp", "weight": 1, "steps": [{"webp": [60, 95]}]},
    {"name": "resize-jpeg", "weight": 2, "steps": [{"resize": [0.5, 1.0]}, {"jpeg": [70, 95]}]},
    {"name": "lanczos-x2", "weight": 0, "steps": [{"lanczos-x2": true}]}
  ],

  "# quality": "least_psnr (dB) and least_ssim outside the mask are for regenerated results; detector: weights, shipped, or empty; 0: no limit",
  "quality": {
    "least_psnr": 0,
    "least_ssim": 0,
    "least_changed": 0.4,
    "most_flat": 0.5,
    "realism": "photo",
    "least_realism": 0,
    "detector": "",
    "least_uncertainty": 0
  },

  "# splits": "of the pictures; near duplicates (bits of PDQ) share one; test-out has what was held out",
  "splits": {
    "ratios": {"train": 0.7, "val": 0.1, "test-in": 0.1, "test-out": 0.1},
    "held_out_sources": [],
    "held_out_objects": [],
    "near_duplicate": 31
  },

  "# annotations": "besides samples.tsv and manifest.jsonl",
  "annotations": ["coco", "imdl", "tp-gt", "animedl2m", "csv"]
}
)json";
}

}  // namespace kantei::dataset
