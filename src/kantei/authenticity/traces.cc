#include "kantei/authenticity/traces.h"

#include <algorithm>
#include <string>

#include "kantei/authenticity/metadata_internal.h"
#include "kantei/authenticity/trace_copy_move.h"
#include "kantei/authenticity/trace_dct.h"
#include "kantei/authenticity/trace_grid.h"
#include "kantei/authenticity/trace_jpeg.h"
#include "kantei/authenticity/trace_noise.h"
#include "kantei/authenticity/trace_rates.h"
#include "kantei/authenticity/trace_spectrum.h"
#include "kantei/base/parallel.h"

namespace kantei::authenticity {
namespace {

/// Where the grid of the file lies in the pixels: at their corner, unless decoding turned them.
int FilePhase(const JpegFacts& facts, int width, int height) {
  const bool from_right =
      facts.orientation == 2 || facts.orientation == 3 || facts.orientation == 6 || facts.orientation == 7;
  const bool from_bottom =
      facts.orientation == 3 || facts.orientation == 4 || facts.orientation == 7 || facts.orientation == 8;
  return (from_bottom ? height % 8 : 0) * 8 + (from_right ? width % 8 : 0);
}

Result<trace::LowCoefficients> Transform(const image::Image& picture, int phase_x, int phase_y, int threads,
                                         const CancellationToken& cancellation) {
  trace::LowCoefficients made =
      trace::MakeLowCoefficients(picture.width(), picture.height(), phase_x, phase_y);
  ParallelFor(static_cast<std::size_t>(made.down), threads, cancellation,
              [&](std::size_t row) { trace::TransformBlockRow(picture, static_cast<int>(row), &made); });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  return made;
}

}  // namespace

std::string_view TraceKey(TraceKind kind) {
  switch (kind) {
    case TraceKind::kJpegGhost:
      return "jpeg_ghost";
    case TraceKind::kDoubleQuantisation:
      return "double_quantisation";
    case TraceKind::kGridShift:
      return "grid_shift";
    case TraceKind::kGridLoss:
      return "grid_loss";
    case TraceKind::kNoise:
      return "noise";
    case TraceKind::kResampledPart:
      return "resampled_part";
    case TraceKind::kResampledWhole:
      return "resampled_whole";
    case TraceKind::kUpsamplingGrid:
      return "upsampling_grid";
    case TraceKind::kCopyMove:
      return "copy_move";
  }
  return "unknown";
}

std::optional<JpegFacts> ReadJpegFacts(std::span<const std::byte> file) {
  if (file.size() < 4 || file[0] != std::byte{0xFF} || file[1] != std::byte{0xD8}) return std::nullopt;
  origin::Harvest harvest;
  origin::ReadJpegSegments(file, &harvest);
  if (!harvest.jpeg || !harvest.jpeg->frame || harvest.jpeg->components.empty()) return std::nullopt;
  const auto& table = harvest.jpeg->tables[static_cast<std::size_t>(harvest.jpeg->components[0].table)];
  if (!table || std::find(table->begin(), table->end(), 0) != table->end()) return std::nullopt;
  JpegFacts facts;
  facts.luma_steps = *table;
  std::vector<std::string> problems;
  if (!harvest.exif.empty()) facts.orientation = origin::ReadExif(harvest.exif, false, &problems).orientation;
  return facts;
}

FalseAlarmRate TraceFalseAlarmRate(TraceKind kind, double score) {
  return {trace::RateAbove(kind, trace::Source::kPhoto, score),
          trace::RateAbove(kind, trace::Source::kDrawn, score)};
}

Status TraceOptions::Validate() const {
  if (threads < 0)
    return Error{ErrorCode::kInvalidArgument,
                 "traces: threads is " + std::to_string(threads) + "; give 0 or more"};
  return {};
}

Result<std::vector<Trace>> FindTraces(const image::Image& picture, const JpegFacts* facts,
                                      const TraceOptions& options, const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  if (picture.empty() || (picture.channels() != 1 && picture.channels() != 3))
    return Error{ErrorCode::kInvalidArgument,
                 "traces need a picture with 1 or 3 channels; this one has none"};
  const std::uint64_t pixels =
      static_cast<std::uint64_t>(picture.width()) * static_cast<std::uint64_t>(picture.height());
  if (pixels > options.max_pixels)
    return Error{ErrorCode::kTooLarge, "the picture has " + std::to_string(pixels) +
                                           " pixels and traces are looked for in at most " +
                                           std::to_string(options.max_pixels) + "; raise the limit"};
  std::vector<Trace> traces;
  for (const TraceKind kind : kTraceKinds) {
    if (!options.kinds.empty() &&
        std::find(options.kinds.begin(), options.kinds.end(), kind) == options.kinds.end())
      continue;
    traces.emplace_back().kind = kind;
  }
  const auto wanted = [&](TraceKind kind) -> Trace* {
    for (Trace& one : traces) {
      if (one.kind == kind) return &one;
    }
    return nullptr;
  };
  Trace* const ghost = wanted(TraceKind::kJpegGhost);
  Trace* const quantised = wanted(TraceKind::kDoubleQuantisation);
  Trace* const shift = wanted(TraceKind::kGridShift);
  Trace* const loss = wanted(TraceKind::kGridLoss);
  if (ghost != nullptr || quantised != nullptr || shift != nullptr || loss != nullptr) {
    KANTEI_TRY(const trace::GridVotes votes, trace::VoteForGrid(picture, options.threads, cancellation));
    if (shift != nullptr) trace::FindGridShift(votes, picture, shift);
    if (loss != nullptr) trace::FindGridLoss(votes, picture, loss);
    if (ghost != nullptr || quantised != nullptr) {
      // A JPEG file's own grid; else the one the pixels show; else that of a picture that was never cropped.
      const int phase = facts != nullptr   ? FilePhase(*facts, picture.width(), picture.height())
                        : votes.phase >= 0 ? votes.phase
                                           : 0;
      KANTEI_TRY(const trace::LowCoefficients blocks,
                 Transform(picture, phase % 8, phase / 8, options.threads, cancellation));
      if (ghost != nullptr) trace::FindGhosts(blocks, picture, cancellation, ghost);
      if (quantised != nullptr) {
        KANTEI_TRY(
            const trace::LowCoefficients shifted,
            Transform(picture, (phase % 8 + 4) % 8, (phase / 8 + 4) % 8, options.threads, cancellation));
        std::array<std::uint16_t, 64> steps;
        steps.fill(1);
        if (facts != nullptr) steps = trace::OrientedSteps(*facts);
        trace::FindDoubleQuantisation(blocks, shifted, steps, picture, cancellation, quantised);
      }
    }
  }
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (Trace* const noise = wanted(TraceKind::kNoise); noise != nullptr)
    KANTEI_RETURN_IF_ERROR(trace::FindNoise(picture, options.threads, cancellation, noise));
  Trace* const part = wanted(TraceKind::kResampledPart);
  Trace* const whole = wanted(TraceKind::kResampledWhole);
  Trace* const upsampling = wanted(TraceKind::kUpsamplingGrid);
  if (part != nullptr || whole != nullptr || upsampling != nullptr)
    KANTEI_RETURN_IF_ERROR(
        trace::FindSpectralTraces(picture, options.threads, cancellation, part, whole, upsampling));
  if (Trace* const copied = wanted(TraceKind::kCopyMove); copied != nullptr)
    KANTEI_RETURN_IF_ERROR(trace::FindCopyMove(picture, options.threads, cancellation, copied));
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  for (Trace& one : traces) {
    if (one.applicable) one.false_alarms = TraceFalseAlarmRate(one.kind, one.score);
  }
  return traces;
}

}  // namespace kantei::authenticity
