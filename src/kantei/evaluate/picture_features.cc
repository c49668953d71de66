#include "kantei/evaluate/picture_features.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <mutex>
#include <optional>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/descriptor_file.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/working_size.h"
#include "kantei/dataset/copy_folder.h"
#include "kantei/image/decode.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 128;  // files of one part on disk
constexpr std::size_t kBatch = 8;   // pictures that go through the network together
constexpr std::size_t kMaxProblems = 100;

/// What is known of the files of one part: rows of `dimension` values, files may have several.
struct Part {
  int dimension = 0;
  std::vector<float> values;
  std::vector<std::uint32_t> first{0u};
  std::vector<std::pair<std::size_t, std::string>> problems;  ///< file within the part, message
};

std::optional<Part> LoadPart(const fs::path& path, const std::string& key, std::size_t files) {
  auto set = copy::ReadDescriptorFile(path, key);
  if (!set.ok()) return {};
  Part part;
  part.dimension = set->dimension;
  part.values = std::move(set->values);
  const std::string& first = set->notes["first"];
  const char *at = first.data(), *end = at + first.size();
  while (at < end) {
    std::uint32_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < part.first.back()) return {};
    part.first.push_back(value);
    at = next < end ? next + 1 : next;
  }
  const std::size_t rows = part.values.size() / static_cast<std::size_t>(part.dimension);
  if (part.first.size() != files + 1 || part.first.back() != rows) return {};
  for (std::size_t i = 0; i < files; ++i) {
    if (const auto problem = set->notes.find("problem." + std::to_string(i)); problem != set->notes.end())
      part.problems.emplace_back(i, problem->second);
  }
  return part;
}

Status SavePart(const fs::path& path, const std::string& key, const Part& part) {
  copy::DescriptorSet set;
  set.dimension = part.dimension;
  set.values = part.values;
  set.model_sha256 = key;
  std::string& first = set.notes["first"];
  for (std::size_t i = 1; i < part.first.size(); ++i)
    first += (i > 1 ? "," : "") + std::to_string(part.first[i]);
  for (const auto& [file, message] : part.problems) set.notes["problem." + std::to_string(file)] = message;
  return copy::WriteDescriptorFile(path, set, copy::DescriptorPrecision::kFloat32);
}

/// Rows of a batch of files: rows[i] are those of files[i] (any number), problems by file within the batch.
struct BatchRows {
  std::vector<std::vector<float>> rows;
  std::vector<std::pair<std::size_t, std::string>> problems;
  bool lasting =
      true;  ///< false: a problem may be gone the next time (disk, time limit), so the part is not kept

  void Note(std::size_t file, const Error& error) {
    problems.emplace_back(file, error.message);
    lasting &= error.code != ErrorCode::kUnavailable && error.code != ErrorCode::kTooLarge;
  }
};
using MakeRows = std::function<Result<BatchRows>(std::span<const fs::path>)>;

/// `use` gets each part in order.
Status ForParts(std::span<const fs::path> files, const std::string& what, const std::string& label,
                int dimension, FeatureContext* context, const MakeRows& make,
                const std::function<void(Part&&)>& use) {
  const bool keep = !context->cache.empty();
  std::error_code failure;
  if (keep) fs::create_directories(context->cache, failure);
  if (failure) {
    return Error{ErrorCode::kUnavailable,
                 DisplayPath(context->cache) + " cannot be made: " + failure.message()};
  }
  Progress progress(label, files.size(), "pictures");
  for (std::size_t begin = 0; begin < files.size(); begin += kPart) {
    const auto of_part = files.subspan(begin, std::min(kPart, files.size() - begin));
    const std::string key = FilesKey(of_part, what);
    const fs::path path = context->cache / (key.substr(0, 32) + ".safetensors");
    std::optional<Part> part = keep ? LoadPart(path, key, of_part.size()) : std::nullopt;
    if (part && part->dimension != dimension) part.reset();
    if (part) {
      progress.Advance(of_part.size());
    } else {
      const std::size_t batches = (of_part.size() + kBatch - 1) / kBatch;
      std::vector<BatchRows> made(batches);
      std::mutex mutex;
      std::optional<Error> failed;
      ParallelFor(batches, context->threads, context->cancellation, [&](std::size_t b) {
        const auto batch = of_part.subspan(b * kBatch, std::min(kBatch, of_part.size() - b * kBatch));
        auto rows = make(batch);
        progress.Advance(batch.size());
        const std::lock_guard lock(mutex);
        if (rows.ok()) {
          made[b] = std::move(*rows);
        } else if (!failed) {
          failed = rows.error();
        }
      });
      KANTEI_RETURN_IF_ERROR(context->cancellation.Check());
      if (failed) return *failed;
      part.emplace();
      part->dimension = dimension;
      for (std::size_t b = 0; b < batches; ++b) {
        for (const auto& [file, message] : made[b].problems)
          part->problems.emplace_back(b * kBatch + file, message);
        for (const auto& rows : made[b].rows) {
          part->values.insert(part->values.end(), rows.begin(), rows.end());
          part->first.push_back(
              static_cast<std::uint32_t>(part->values.size() / static_cast<std::size_t>(dimension)));
        }
      }
      if (keep && std::all_of(made.begin(), made.end(), [](const BatchRows& rows) { return rows.lasting; }))
        KANTEI_RETURN_IF_ERROR(SavePart(path, key, *part));
    }
    for (const auto& [file, message] : part->problems) {
      if (!context->unreadable.insert(of_part[file]).second) continue;
      if (context->problems.size() < kMaxProblems) context->problems.push_back(message);
    }
    use(std::move(*part));
  }
  return {};
}

Result<image::DecodedImage> Load(const fs::path& file, int side) {
  image::DecodeOptions options;
  options.max_longer_side = side;
  options.limits.max_seconds = dataset::kDecodeSeconds;
  return image::DecodeImageFile(file, options);
}

// A hash as a row: eight codes of 16 values of 16 bits (exact in a float), then the quality.
constexpr int kHashRow = 8 * 16 + 1;

std::vector<float> HashRow(const copy::PdqDihedral& hash) {
  std::vector<float> row;
  for (const Code256& code : hash.codes) {
    for (const std::uint64_t word : code.words) {
      for (int shift = 0; shift < 64; shift += 16) row.push_back(static_cast<float>(word >> shift & 0xFFFFu));
    }
  }
  row.push_back(static_cast<float>(hash.quality));
  return row;
}

PictureHash HashOfRow(const float* row) {
  PictureHash hash;
  hash.present = true;
  for (Code256& code : hash.codes) {
    for (std::uint64_t& word : code.words) {
      for (int shift = 0; shift < 64; shift += 16) word |= static_cast<std::uint64_t>(*row++) << shift;
    }
  }
  hash.quality = static_cast<int>(*row);
  return hash;
}

}  // namespace

std::string FilesKey(std::span<const fs::path> files, const std::string& what) {
  std::string text = what + '\n';
  for (const fs::path& file : files) {
    std::error_code failure;
    const auto size = fs::file_size(file, failure);
    const auto changed = fs::last_write_time(file, failure).time_since_epoch().count();
    text +=
        file.native() + '\n' + (failure ? "?" : std::to_string(size) + ' ' + std::to_string(changed)) + '\n';
  }
  return Sha256Hex(text);
}

Result<std::vector<PictureHash>> HashPictures(std::span<const fs::path> files, FeatureContext* context) {
  std::vector<PictureHash> hashes;
  hashes.reserve(files.size());
  const MakeRows make = [](std::span<const fs::path> batch) -> Result<BatchRows> {
    BatchRows made;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      made.rows.emplace_back();
      const auto decoded = Load(batch[i], copy::kHashSide);
      if (!decoded.ok()) {
        made.Note(i, decoded.error());
        continue;
      }
      made.rows.back() = HashRow(
          copy::ComputePdqDihedral(decoded->pixels, decoded->original_width, decoded->original_height));
    }
    return made;
  };
  KANTEI_RETURN_IF_ERROR(ForParts(files, "pdq 1", "hashing", kHashRow, context, make, [&](Part&& part) {
    for (std::size_t i = 0; i + 1 < part.first.size(); ++i) {
      const bool present = part.first[i + 1] > part.first[i];
      hashes.push_back(present ? HashOfRow(part.values.data() + part.first[i] * std::size_t{kHashRow})
                               : PictureHash{});
    }
  }));
  return hashes;
}

Result<std::vector<float>> DescribePictures(std::span<const fs::path> files,
                                            const copy::DescriptorModel& model, FeatureContext* context) {
  const auto d = static_cast<std::size_t>(model.dimension());
  std::vector<float> values;
  values.reserve(files.size() * d);
  const MakeRows make = [&](std::span<const fs::path> batch) -> Result<BatchRows> {
    BatchRows made;
    made.rows.assign(batch.size(), std::vector<float>(d));
    std::vector<image::Image> pictures;
    std::vector<std::size_t> of_file;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto decoded = Load(batch[i], copy::kWorkingSide);
      if (!decoded.ok()) {
        made.Note(i, decoded.error());
        continue;
      }
      pictures.push_back(std::move(decoded->pixels));
      of_file.push_back(i);
    }
    if (pictures.empty()) return made;
    KANTEI_TRY(const nn::Descriptors described, model.Describe(pictures));
    for (std::size_t p = 0; p < pictures.size(); ++p)
      made.rows[of_file[p]].assign(described.row(p).begin(), described.row(p).end());
    return made;
  };
  KANTEI_RETURN_IF_ERROR(
      ForParts(files, "whole 1 " + model.id(), "describing", model.dimension(), context, make,
               [&](Part&& part) { values.insert(values.end(), part.values.begin(), part.values.end()); }));
  for (std::size_t row = 0; row < values.size(); row += d)
    context->undescribed += std::all_of(values.begin() + static_cast<std::ptrdiff_t>(row),
                                        values.begin() + static_cast<std::ptrdiff_t>(row + d),
                                        [](float value) { return value == 0; });
  return values;
}

Result<QueryRows> DescribeViews(std::span<const fs::path> files, const copy::DescriptorModel& model,
                                const copy::QueryViewOptions& views, FeatureContext* context) {
  QueryRows rows;
  rows.dimension = model.dimension();
  const MakeRows make = [&](std::span<const fs::path> batch) -> Result<BatchRows> {
    BatchRows made;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      made.rows.emplace_back();
      const auto decoded = Load(batch[i], copy::kWorkingSide);
      if (!decoded.ok()) {
        made.Note(i, decoded.error());
        continue;
      }
      std::vector<image::Image> pictures;
      std::vector<float> kinds;
      for (copy::QueryView& view : copy::MakeQueryViews(decoded->pixels, views)) {
        kinds.push_back(static_cast<float>(view.kind));
        pictures.push_back(std::move(view.picture));
      }
      KANTEI_TRY(const nn::Descriptors described, model.Describe(pictures));
      for (std::size_t v = 0; v < kinds.size(); ++v) {
        made.rows.back().insert(made.rows.back().end(), described.row(v).begin(), described.row(v).end());
        made.rows.back().push_back(kinds[v]);
      }
    }
    return made;
  };
  const std::string which = "views 2 " + std::to_string(views.trim) + std::to_string(views.overlays) +
                            std::to_string(views.surround) + std::to_string(views.quadrants) +
                            std::to_string(views.crops) + std::to_string(views.turns) +
                            std::to_string(views.mirror) + ' ' + std::to_string(views.max_overlays) + ' ';
  // The kind of a view stands behind its descriptor.
  const std::size_t width = static_cast<std::size_t>(rows.dimension) + 1;
  KANTEI_RETURN_IF_ERROR(ForParts(
      files, which + model.id(), "describing views", rows.dimension + 1, context, make, [&](Part&& part) {
        const std::uint32_t base = rows.first.back();
        for (std::size_t row = 0; row < part.values.size(); row += width) {
          const auto begin = part.values.begin() + static_cast<std::ptrdiff_t>(row);
          rows.values.insert(rows.values.end(), begin, begin + rows.dimension);
          const float kind = std::clamp(part.values[row + width - 1], 0.0f, float{copy::kViewKinds - 1});
          rows.kinds.push_back(static_cast<copy::ViewKind>(kind));
        }
        for (std::size_t i = 1; i < part.first.size(); ++i) rows.first.push_back(base + part.first[i]);
      }));
  return rows;
}

}  // namespace kantei::evaluate
