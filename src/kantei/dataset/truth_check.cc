#include "kantei/dataset/truth_check.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <span>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/detector.h"
#include "kantei/copy/enroll.h"
#include "kantei/copy/working_size.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/image/decode.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 16;
constexpr int kMostMatches = 50;

using Positions = std::vector<std::uint32_t>;

std::string FileText(const std::vector<fs::path>& files) {
  std::string text;
  for (const fs::path& file : files) {
    std::error_code failure;
    const auto size = fs::file_size(file, failure);
    text += file.native() + '\n' + (failure ? "?" : std::to_string(size)) + '\n';
  }
  return text;
}

/// One line a picture, positions with blanks between them; nothing when the text is not that.
std::optional<std::vector<Positions>> ParsePart(std::string_view text, std::size_t pictures,
                                                std::size_t references) {
  std::vector<Positions> part;
  CsvReader reader(text);
  CsvRecord record;
  while (reader.Next(&record)) {
    Positions positions;
    if (record.fields.size() != 2 || record.fields[0] != "v") return {};
    const char *at = record.fields[1].data(), *end = at + record.fields[1].size();
    while (at < end) {
      std::uint32_t position = 0;
      const auto [next, error] = std::from_chars(at, end, position);
      if (error != std::errc() || position >= references) return {};
      positions.push_back(position);
      at = next < end ? next + 1 : next;
    }
    part.push_back(std::move(positions));
  }
  if (part.size() != pictures) return {};
  return part;
}

std::string FormatPart(std::span<const Positions> part) {
  std::string text;
  for (const Positions& positions : part) {
    text += "v,";
    for (std::size_t i = 0; i < positions.size(); ++i)
      text += (i > 0 ? " " : "") + std::to_string(positions[i]);
    text += '\n';
  }
  return text;
}

Status MakeLibrary(const fs::path& library, const std::vector<fs::path>& references, int threads,
                   const CancellationToken& cancellation) {
  KANTEI_TRY(const auto catalog, store::Catalog::Open(library, store::OpenMode::kCreate));
  copy::EnrollOptions options;
  options.threads = threads;
  options.limits.max_seconds = kDecodeSeconds;
  Progress progress("checking: references", references.size(), "pictures");
  KANTEI_TRY(const copy::EnrollSummary summary,
             copy::EnrollFiles(catalog.get(), references, options, cancellation, &progress));
  (void)summary;  // a reference that cannot be read cannot be mistaken for another picture
  return cancellation.Check();
}

}  // namespace

Result<std::vector<Positions>> FindSamePictures(const std::vector<fs::path>& pictures,
                                                const std::vector<fs::path>& references, const fs::path& work,
                                                int threads, const CancellationToken& cancellation) {
  const std::string key = Sha256Hex("truth 2\n" + FileText(references)).substr(0, 16);
  const fs::path library = work / ("truth-" + key);
  KANTEI_RETURN_IF_ERROR(MakeLibrary(library, references, threads, cancellation));
  copy::DetectorOptions options;
  options.use_descriptor = false;
  options.max_matches = kMostMatches;
  KANTEI_TRY(const auto detector, copy::CopyDetector::Open(library, options, cancellation));
  std::map<std::string, std::uint32_t> position_of;
  for (std::uint32_t r = 0; r < references.size(); ++r) {
    std::error_code ignored;
    position_of[fs::absolute(references[r], ignored).lexically_normal().native()] = r;
  }

  std::vector<Positions> same(pictures.size());
  std::mutex mutex;
  std::optional<Error> failed;
  Progress progress("checking the truth", pictures.size(), "pictures");
  ParallelFor((pictures.size() + kPart - 1) / kPart, threads, cancellation, [&](std::size_t p) {
    const std::size_t first = p * kPart, last = std::min(pictures.size(), first + kPart);
    const std::vector<fs::path> of_part(pictures.begin() + static_cast<std::ptrdiff_t>(first),
                                        pictures.begin() + static_cast<std::ptrdiff_t>(last));
    const fs::path kept = work / ("truth-" + Sha256Hex(key + FileText(of_part)).substr(0, 24) + ".csv");
    const auto fail = [&](const Error& error) {
      const std::lock_guard lock(mutex);
      if (!failed) failed = error;
    };
    if (const auto text = ReadTextFile(kept, 1 << 20); text.ok()) {
      if (auto part = ParsePart(*text, of_part.size(), references.size())) {
        std::move(part->begin(), part->end(), same.begin() + static_cast<std::ptrdiff_t>(first));
        progress.Advance(of_part.size());
        return;
      }
    }
    for (std::size_t i = first; i < last; ++i) {
      if (cancellation.cancelled()) return;
      image::DecodeOptions decode;
      decode.max_longer_side = copy::kWorkingSide;
      decode.limits.max_seconds = kDecodeSeconds;
      const auto decoded = image::DecodeImageFile(pictures[i], decode);
      progress.Advance();
      if (!decoded.ok()) continue;
      const auto found = detector->Find(decoded->pixels, decoded->original_width, decoded->original_height);
      if (!found.ok()) return fail(found.error());
      for (const copy::CopyMatch& match : found->matches) {
        const auto position = position_of.find(match.picture.path);
        // Moderate too: an unedited picture in which so much of a reference was found shows it, or a person would have to look.
        const bool shows = match.band == Band::kStrong || match.band == Band::kModerate;
        if (shows && position != position_of.end()) same[i].push_back(position->second);
      }
      std::sort(same[i].begin(), same[i].end());
    }
    const Status written = WriteFileAtomic(kept, FormatPart(std::span(same).subspan(first, last - first)));
    if (!written.ok()) fail(written.error());
  });
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  if (failed) return *failed;
  return same;
}

}  // namespace kantei::dataset
