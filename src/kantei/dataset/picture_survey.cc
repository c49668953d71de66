#include "kantei/dataset/picture_survey.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/pdq.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 256;
constexpr int kSurveySide = 512;
constexpr std::size_t kRowFields = 7;

SurveyedPicture Survey(const fs::path& file) {
  SurveyedPicture picture;
  picture.file = file;
  image::DecodeOptions options;
  options.max_longer_side = kSurveySide;
  options.limits.max_seconds = kDecodeSeconds;
  const auto bytes = ReadFile(file, options.limits.max_file_bytes);
  if (!bytes.ok()) {
    picture.problem = bytes.error().message;
    return picture;
  }
  picture.sha256 = Sha256Hex(*bytes);
  const auto decoded = image::DecodeImage(*bytes, DisplayPath(file), options);
  if (!decoded.ok()) {
    picture.problem = decoded.error().message;
    return picture;
  }
  picture.width = decoded->original_width;
  picture.height = decoded->original_height;
  const copy::PdqDihedral hash = copy::ComputePdqDihedral(decoded->pixels, picture.width, picture.height);
  picture.pdq = hash.codes[static_cast<std::size_t>(image::Dihedral::kOriginal)];
  picture.mirrored = hash.codes[static_cast<std::size_t>(image::Dihedral::kFlipY)];
  picture.pdq_quality = hash.quality;
  return picture;
}

/// What tells whether a part on disk is still that of these files.
std::string PartKey(std::span<const fs::path> files) {
  std::string text = "survey 1\n";
  for (const fs::path& file : files) {
    std::error_code failure;
    const auto size = fs::file_size(file, failure);
    const auto changed = fs::last_write_time(file, failure).time_since_epoch().count();
    text +=
        file.native() + '\n' + (failure ? "?" : std::to_string(size) + ' ' + std::to_string(changed)) + '\n';
  }
  return Sha256Hex(text).substr(0, 24);
}

std::string FormatPart(std::span<const SurveyedPicture> pictures) {
  std::string csv;
  for (const SurveyedPicture& p : pictures) {
    csv += "v," + p.sha256 + ',' + p.pdq.ToHex() + ',' + p.mirrored.ToHex() + ',' +
           std::to_string(p.pdq_quality) + ',' + std::to_string(p.width) + 'x' + std::to_string(p.height) +
           ',' + CsvField(p.problem) + '\n';
  }
  return csv;
}

/// Nothing when the part is not what FormatPart writes for these files.
std::optional<std::vector<SurveyedPicture>> ParsePart(std::string_view csv, std::span<const fs::path> files) {
  CsvReader reader(csv);
  CsvRecord record;
  std::vector<SurveyedPicture> pictures;
  const auto number = [](std::string_view text, int* value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return error == std::errc() && end == text.data() + text.size();
  };
  while (reader.Next(&record)) {
    if (!record.problem.empty() || record.fields.size() != kRowFields || pictures.size() == files.size())
      return {};
    SurveyedPicture p;
    p.file = files[pictures.size()];
    p.sha256 = record.fields[1];
    const auto pdq = Code256::FromHex(record.fields[2]), mirrored = Code256::FromHex(record.fields[3]);
    const std::string& size = record.fields[5];
    const std::size_t cross = size.find('x');
    if (!pdq.ok() || !mirrored.ok() || cross == std::string::npos) return {};
    p.pdq = *pdq;
    p.mirrored = *mirrored;
    if (!number(record.fields[4], &p.pdq_quality) ||
        !number(std::string_view(size).substr(0, cross), &p.width) ||
        !number(std::string_view(size).substr(cross + 1), &p.height))
      return {};
    p.problem = record.fields[6];
    pictures.push_back(std::move(p));
  }
  if (pictures.size() != files.size()) return {};
  return pictures;
}

}  // namespace

Result<std::vector<SurveyedPicture>> SurveyPictures(const std::vector<fs::path>& files, const fs::path& work,
                                                    int threads, const CancellationToken& cancellation,
                                                    Progress* progress) {
  std::error_code failure;
  fs::create_directories(work, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, DisplayPath(work) + " cannot be made: " + failure.message()};
  std::vector<SurveyedPicture> pictures(files.size());
  for (std::size_t first = 0; first < files.size(); first += kPart) {
    const std::size_t count = std::min(kPart, files.size() - first);
    const std::span<const fs::path> part(files.data() + first, count);
    const fs::path kept = work / ("survey-" + PartKey(part) + ".csv");
    if (const auto text = ReadTextFile(kept, 16 << 20); text.ok()) {
      if (auto known = ParsePart(*text, part)) {
        std::move(known->begin(), known->end(), pictures.begin() + static_cast<std::ptrdiff_t>(first));
        if (progress != nullptr) progress->Advance(count);
        continue;
      }
    }
    ParallelFor(count, threads, cancellation, [&](std::size_t i) {
      pictures[first + i] = Survey(part[i]);
      if (progress != nullptr) progress->Advance();
    });
    KANTEI_RETURN_IF_ERROR(cancellation.Check());
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(kept, FormatPart(std::span(pictures).subspan(first, count))));
  }
  return pictures;
}

std::vector<std::uint32_t> SamePictureGroups(const std::vector<SurveyedPicture>& pictures, int distance,
                                             int threads, const CancellationToken& cancellation) {
  std::vector<std::uint32_t> parent(pictures.size());
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&](std::uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    a = root(a);
    b = root(b);
    if (a != b) parent[std::max(a, b)] = std::min(a, b);
  };
  std::unordered_map<std::string, std::uint32_t> by_digest;
  for (std::uint32_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].sha256.empty()) continue;
    const auto [known, is_new] = by_digest.try_emplace(pictures[i].sha256, i);
    if (!is_new) join(known->second, i);
  }
  std::mutex mutex;
  constexpr std::size_t kRows = 64;
  ParallelFor((pictures.size() + kRows - 1) / kRows, threads, cancellation, [&](std::size_t block) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> near;
    const std::size_t last = std::min(pictures.size(), (block + 1) * kRows);
    for (std::size_t i = block * kRows; i < last; ++i) {
      if (!pictures[i].problem.empty()) continue;
      for (std::size_t j = i + 1; j < pictures.size(); ++j) {
        if (!pictures[j].problem.empty()) continue;
        if (HammingDistance(pictures[i].pdq, pictures[j].pdq) <= distance ||
            HammingDistance(pictures[i].mirrored, pictures[j].pdq) <= distance)
          near.emplace_back(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j));
      }
    }
    const std::lock_guard lock(mutex);
    for (const auto& [a, b] : near) join(a, b);
  });
  for (std::uint32_t i = 0; i < parent.size(); ++i) parent[i] = root(i);
  return parent;
}

}  // namespace kantei::dataset
