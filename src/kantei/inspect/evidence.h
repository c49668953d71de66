// What an inspection finds, as plain values. Renderers (report_json.h, report_html.h) know these shapes and
// no check by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kantei/base/band.h"
#include "kantei/base/json.h"
#include "kantei/base/result.h"
#include "kantei/base/text.h"
#include "kantei/image/image.h"

namespace kantei::inspect {

/// Rows of text under a header.
struct Table {
  Text title;
  std::vector<Text> header;
  std::vector<std::vector<Text>> rows;
};

/// Pictures side by side.
struct Figure {
  struct Panel {
    image::Image picture;
    Text caption;
  };
  Text title;
  std::vector<Panel> panels;
};

/// Named values 0..100 on axes of a radar plot, with the percentile of each in a reference.
struct Radar {
  Text title;
  struct Axis {
    Text name;
    double percentile = 0;
    std::string value;  ///< the raw value, formatted
  };
  std::vector<Axis> axes;
};

using Exhibit = std::variant<Table, Figure, Radar>;

/// What a check states in a form that other checks can reason with. FindConflicts knows which claims do not
/// fit together.
enum class Claim {
  kCamera,             ///< the metadata name a camera, with exposure data
  kDeclaresCapture,    ///< XMP or C2PA: a camera capture
  kDeclaresGenerated,  ///< XMP or C2PA: made by a trained model
  kDeclaresComposite,  ///< XMP or C2PA: partly made by a trained model
  kGeneratorComplete,  ///< an image generator left prompt, seed and sampler
  kGeneratorPartial,   ///< an image generator left less than that
  kRecordAgrees,       ///< a record beside the picture says how it was generated, and fits its pixels
  kRecordDiffers,      ///< such a record does not fit the picture, or itself
  kThumbnailDiffers,   ///< the embedded thumbnail shows another picture
  kShowsKnown,         ///< strong evidence for a known picture
  kShowsKnownAltered,  ///< at least moderate evidence for a known picture, with altered areas
  kHashOnly,           ///< the hash matches a known picture, local comparison does not confirm it
};

struct Fact {
  Claim claim = Claim::kCamera;
  std::string source;  ///< who says so: "xmp", "c2pa", "exif", "png text" ..., or the known picture's name
  std::string value;   ///< what exactly, e.g. "trainedAlgorithmicMedia"; may be empty
};

/// A picture that belongs to the findings and can be saved, e.g. a heat map.
struct NamedMap {
  std::string name;    ///< part of a file name: "map", "confidence"
  image::Image image;  ///< grey, of the inspected picture's size
};

/// The outcome of one check on one picture.
struct CheckReport {
  std::string key;  ///< JSON key under `checks`: "copy", "realism", "metadata", "authenticity"
  Text name;        ///< one or two words, for column heads
  Text question;    ///< e.g. "Is it a copy of a picture in the library?"
  Band band = Band::kNone;
  bool gives_verdict = true;  ///< false: shown as information, never as a verdict (realism)
  Text headline;              ///< one sentence
  Text gist;                  ///< a few words for a table cell; may be empty
  std::vector<Text> grounds;  ///< why, most weighty first
  std::vector<Text> limits;   ///< what this check cannot tell
  std::vector<Fact> facts;    ///< for later checks and FindConflicts
  std::vector<Exhibit> exhibits;
  std::vector<NamedMap> maps;
  Json json;                   ///< the object under checks.<key>; "band" is added by the renderer
  std::optional<Error> error;  ///< the check could not run
  double seconds = 0;
};

struct FileFacts {
  std::filesystem::path path;
  std::string sha256;
  std::int64_t bytes = 0;
  std::string format;
  int width = 0, height = 0;  ///< upright, full size; 0 when it could not be decoded
  int orientation = 1;
  int frames = 1;
  std::string warning;
};

struct Inspection {
  FileFacts file;
  image::Image preview;             ///< longer side at most 480; empty when it could not be decoded
  std::vector<CheckReport> checks;  ///< in the inspector's order
  std::vector<Text> conflicts;      ///< checks that point in different directions; shown, not voted away
  std::optional<Error> error;       ///< the file could not be inspected at all
  double seconds = 0;
};

/// Facts of a whole run, for the report's head.
struct RunFacts {
  std::string tool_version;
  std::string library;  ///< path as shown, may be empty
  std::int64_t library_pictures = 0;
  std::string started_at;                                    ///< UTC, ISO 8601
  std::vector<std::pair<std::string, std::string>> options;  ///< echo of what was asked
};

}  // namespace kantei::inspect
