// Classical traces of how a picture was put together: evidence that can be looked at, each with the share of authentic
// pictures that shows as much. None of them proves anything alone; docs/traces.md tells what each measures and misses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/result.h"
#include "kantei/image/image.h"

namespace kantei::authenticity {

enum class TraceKind {
  kJpegGhost,           ///< a part was compressed at another JPEG quality before (Farid 2009)
  kDoubleQuantisation,  ///< the rest was compressed twice, a part only once (Bianchi and Piva 2012)
  kGridShift,       ///< a part carries an 8×8 JPEG grid at another phase (after ZERO, Nikoukhah et al. 2021)
  kGridLoss,        ///< a part lacks the 8×8 JPEG grid that the rest has
  kNoise,           ///< the noise of a part differs from what its brightness and texture let expect
  kResampledPart,   ///< a part was resized or turned, the rest was not so (Gallagher 2005, Kirchner 2008)
  kResampledWhole,  ///< the whole picture was resized or turned; common, and no manipulation by itself
  kUpsamplingGrid,  ///< spectral peaks at 1/2, 1/4, 1/8 cycles a pixel off the axes, as upsampling layers leave
  kCopyMove,        ///< two parts of the picture agree in fine detail
};
inline constexpr std::array<TraceKind, 9> kTraceKinds = {
    TraceKind::kJpegGhost,      TraceKind::kDoubleQuantisation,
    TraceKind::kGridShift,      TraceKind::kGridLoss,
    TraceKind::kNoise,          TraceKind::kResampledPart,
    TraceKind::kResampledWhole, TraceKind::kUpsamplingGrid,
    TraceKind::kCopyMove};
/// "jpeg_ghost", "double_quantisation", "grid_shift", "grid_loss", "noise", "resampled_part", "resampled_whole",
/// "upsampling_grid", "copy_move"
std::string_view TraceKey(TraceKind kind);

/// What the file says about its JPEG coding, as far as the measures use it.
struct JpegFacts {
  /// Steps of the luma quantisation, natural order (row = vertical frequency), as stored, before orientation.
  std::array<std::uint16_t, 64> luma_steps{};
  int orientation = 1;  ///< EXIF 1..8, which decoding has applied to the pixels
};
/// nullopt when the bytes are no JPEG file with a luma table (of 8-bit samples). Never fails on hostile bytes.
std::optional<JpegFacts> ReadJpegFacts(std::span<const std::byte> file);

/// Share of authentic pictures of a source kind whose score was as high or higher, as measured (docs/traces.md); never
/// below what the number of pictures can tell.
struct FalseAlarmRate {
  double photo = 1;  ///< photographs
  double drawn = 1;  ///< drawn and rendered art
};
FalseAlarmRate TraceFalseAlarmRate(TraceKind kind, double score);

struct TraceRegion {
  image::Rect box;                    ///< in pixels of the picture
  double strength = 0;                ///< mean of the map inside, 0..1
  std::optional<image::Rect> source;  ///< kCopyMove: the other member of the pair
};

/// Why a measure could not be taken.
enum class TraceObstacle {
  kNone,
  kTooSmall,  ///< the picture has too few pixels
  kFlat,      ///< most of it is flat or clipped
  kNoGrid,    ///< kGridLoss: the picture as a whole has no JPEG grid
};

struct Trace {
  TraceKind kind = TraceKind::kJpegGhost;
  bool applicable = false;
  TraceObstacle obstacle = TraceObstacle::kNone;
  std::string reason;  ///< why it was not applicable, one English sentence; empty when it was
  /// More is stronger; 0 when nothing was found or not applicable. Units:
  ///   kJpegGhost, kNoise                standard deviations of the picture's own windows
  ///   kDoubleQuantisation               nats for "compressed once" in the best window
  ///   kGridShift, kGridLoss             -log10 of the number of false alarms (0 when it is >= 1)
  ///   kResampledPart, kResampledWhole   power of the strongest peak over its surroundings in the spectrum
  ///   kUpsamplingGrid                   mean ln(power over surroundings) at 1/2 and 1/4 cycles, × √(windows seen)
  ///   kCopyMove                         8×8 blocks that agree with their twin in fine detail
  double score = 0;
  FalseAlarmRate false_alarms;
  /// 0..1, 0.5 about where the trace begins to stand out; one value for map_scale × map_scale pixels from the top left
  /// corner on. Empty for measures of the whole picture and when not applicable.
  image::Plane map;
  int map_scale = 8;
  std::vector<TraceRegion> regions;  ///< parts of the map above 0.5, heaviest first, at most 8
  /// What was measured, by name: e.g. {"quality", 75}, {"grid_x", 0}, {"offset_x", 112}.
  std::vector<std::pair<std::string, double>> numbers;
};

struct TraceOptions {
  int threads = 1;  ///< 0: as many as there are cores
  /// Which are wanted; empty means all.
  std::vector<TraceKind> kinds;
  /// The most pixels that are looked at.
  std::uint64_t max_pixels = 100'000'000;
  Status Validate() const;
};

/// Every wanted trace in the order of kTraceKinds, applicable or not. `picture` is at its native resolution (1 or 3
/// channels), never resized: resizing destroys and makes such traces. `facts` may be null (not a JPEG file, or not known);
/// they must be those of the very file that the pixels were decoded from. Deterministic, whatever the number of threads;
/// thread-safe. Memory: about 2 bytes a pixel beside the picture. Errors: kInvalidArgument (empty picture, options),
/// kTooLarge (max_pixels), kCancelled.
Result<std::vector<Trace>> FindTraces(const image::Image& picture, const JpegFacts* facts,
                                      const TraceOptions& options, const CancellationToken& cancellation);

}  // namespace kantei::authenticity
