#include "kantei/evaluate/verified_pairs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "kantei/base/csv.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/pair_verification.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"
#include "kantei/nn/safetensors.h"

namespace kantei::evaluate {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPart = 16;  // queries of one part on disk
constexpr double kLeastEvidence = -5, kMostLogOdds = 6;

std::uint64_t PairKey(std::uint32_t query, std::uint32_t reference) {
  return std::uint64_t{query} << 32 | reference;
}

Bytes CopyOf(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

std::optional<copy::StoredKnown> LoadKnown(const fs::path& path, const std::string& key) {
  const auto file = nn::SafetensorsFile::Open(path);
  if (!file.ok()) return {};
  const auto text = [&](const char* name) {
    const auto found = file->metadata().find(name);
    return found == file->metadata().end() ? std::string() : found->second;
  };
  const auto number = [&](const char* name) { return std::atoi(text(name).c_str()); };
  const auto features = file->tensors().find("features"), preview = file->tensors().find("preview");
  const auto pdq = Code256::FromHex(text("pdq"));
  if (text("key") != key || features == file->tensors().end() || preview == file->tensors().end() ||
      !pdq.ok())
    return {};
  return copy::StoredKnown{CopyOf(features->second.bytes),
                           CopyOf(preview->second.bytes),
                           *pdq,
                           number("quality"),
                           number("width"),
                           number("height")};
}

Status SaveKnown(const fs::path& path, const std::string& key, const copy::StoredKnown& stored) {
  const auto tensor = [](const char* name, const Bytes& bytes) {
    return nn::TensorToWrite{name, nn::DType::kU8, {static_cast<std::int64_t>(bytes.size())}, bytes};
  };
  const std::array tensors = {tensor("features", stored.features), tensor("preview", stored.preview)};
  return nn::WriteSafetensors(path, tensors,
                              {{"key", key},
                               {"pdq", stored.pdq.ToHex()},
                               {"quality", std::to_string(stored.pdq_quality)},
                               {"width", std::to_string(stored.full_width)},
                               {"height", std::to_string(stored.full_height)}});
}

/// The reference's stored form, from the cache or made anew.
Result<copy::PreparedKnown> Known(const fs::path& file, const fs::path& cache) {
  const std::string key = FilesKey(std::span(&file, 1), "known 1");
  const fs::path kept = cache / ("known-" + key.substr(0, 32) + ".safetensors");
  if (const auto stored = LoadKnown(kept, key)) {
    if (auto prepared = copy::PrepareKnown(*stored); prepared.ok()) return prepared;
  }
  image::DecodeOptions decode;
  decode.max_longer_side = copy::kWorkingSide;
  decode.limits.max_seconds = dataset::kDecodeSeconds;
  KANTEI_TRY(const image::DecodedImage decoded, image::DecodeImageFile(file, decode));
  KANTEI_TRY(const copy::StoredKnown stored,
             copy::StoreKnown(decoded.pixels, decoded.original_width, decoded.original_height));
  KANTEI_RETURN_IF_ERROR(SaveKnown(kept, key, stored));
  return copy::PrepareKnown(stored);
}

using Candidates = std::map<std::uint32_t, std::vector<std::uint32_t>>;  // query -> references

class Verifier {
 public:
  Verifier(const dataset::CopyBenchmark& benchmark, const VerifyOptions& options, FeatureContext* context)
      : benchmark_(benchmark), options_(options), context_(context) {}

  Result<std::vector<VerifiedPair>> Run(const Candidates& candidates) {
    std::error_code failure;
    fs::create_directories(context_->cache, failure);
    if (failure)
      return Error{ErrorCode::kUnavailable,
                   DisplayPath(context_->cache) + " cannot be made: " + failure.message()};
    std::vector<std::uint32_t> queries;
    for (const auto& [query, references] : candidates) queries.push_back(query);
    const std::size_t parts = (queries.size() + kPart - 1) / kPart;
    std::vector<std::vector<VerifiedPair>> verified(parts);
    std::optional<Error> failed;
    Progress progress("verifying", queries.size(), "queries");
    ParallelFor(parts, context_->threads, context_->cancellation, [&](std::size_t p) {
      const std::span<const std::uint32_t> part =
          std::span(queries).subspan(p * kPart, std::min(kPart, queries.size() - p * kPart));
      auto pairs = VerifyPart(part, candidates, &progress);
      const std::lock_guard lock(mutex_);
      if (pairs.ok()) {
        verified[p] = std::move(*pairs);
      } else if (!failed) {
        failed = pairs.error();
      }
    });
    KANTEI_RETURN_IF_ERROR(context_->cancellation.Check());
    if (failed) return *failed;
    std::vector<VerifiedPair> all;
    for (const auto& pairs : verified) all.insert(all.end(), pairs.begin(), pairs.end());
    return all;
  }

 private:
  std::string PartKey(std::span<const std::uint32_t> part, const Candidates& candidates) const {
    std::vector<fs::path> files;
    for (const std::uint32_t query : part) {
      files.push_back(benchmark_.queries[query].file);
      for (const std::uint32_t reference : candidates.at(query))
        files.push_back(benchmark_.references.files[reference]);
    }
    return FilesKey(files, "verified 1 " + std::to_string(options_.sides));
  }

  Result<std::vector<VerifiedPair>> VerifyPart(std::span<const std::uint32_t> part,
                                               const Candidates& candidates, Progress* progress) {
    const fs::path kept = context_->cache / ("verified-" + PartKey(part, candidates).substr(0, 32) + ".csv");
    std::vector<VerifiedPair> pairs;
    for (const std::uint32_t query : part) {
      for (const std::uint32_t reference : candidates.at(query)) pairs.push_back({query, reference, 0, 0});
    }
    if (const auto text = ReadTextFile(kept, 16 << 20); text.ok() && ReadEvidence(*text, &pairs)) {
      progress->Advance(part.size());
      return pairs;
    }
    std::size_t at = 0;
    for (const std::uint32_t query : part) {
      KANTEI_RETURN_IF_ERROR(context_->cancellation.Check());
      const std::size_t count = candidates.at(query).size();
      VerifyQuery(query, std::span(pairs).subspan(at, count));
      at += count;
      progress->Advance();
    }
    std::string csv;
    for (const VerifiedPair& pair : pairs) {
      char number[40];
      csv += std::string(number, std::to_chars(number, number + sizeof number, pair.evidence).ptr) + ',' +
             std::to_string(pair.inliers) + '\n';
    }
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(kept, csv));
    return pairs;
  }

  void VerifyQuery(std::uint32_t query, std::span<VerifiedPair> pairs) {
    image::DecodeOptions decode;
    decode.max_longer_side = copy::kWorkingSide;
    decode.limits.max_seconds = dataset::kDecodeSeconds;
    const auto decoded = image::DecodeImageFile(benchmark_.queries[query].file, decode);
    for (VerifiedPair& pair : pairs) pair.evidence = kLeastEvidence;
    if (!decoded.ok()) return;  // named when it was hashed or described
    const copy::PreparedQuery prepared =
        copy::PrepareQuery(decoded->pixels, decoded->original_width, decoded->original_height);
    copy::PairOptions options;
    options.sides = options_.sides;
    for (VerifiedPair& pair : pairs) {
      if (context_->cancellation.cancelled()) return;
      const auto known = Known(benchmark_.references.files[pair.reference], context_->cache);
      if (!known.ok()) continue;
      const copy::PairFindings findings = copy::VerifyPair(prepared, *known, options);
      pair.evidence = findings.evidence;
      pair.inliers = findings.regions.empty() ? 0 : findings.regions.front().inliers;
    }
  }

  /// False when the text is not one line for each pair.
  static bool ReadEvidence(std::string_view text, std::vector<VerifiedPair>* pairs) {
    CsvReader reader(text);
    CsvRecord record;
    std::size_t at = 0;
    const auto number = [](const std::string& field, auto* value) {
      const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), *value);
      return error == std::errc() && end == field.data() + field.size();
    };
    while (reader.Next(&record)) {
      if (at == pairs->size() || record.fields.size() != 2 ||
          !number(record.fields[0], &(*pairs)[at].evidence) ||
          !number(record.fields[1], &(*pairs)[at].inliers) || !std::isfinite((*pairs)[at].evidence))
        return false;
      ++at;
    }
    return at == pairs->size();
  }

  const dataset::CopyBenchmark& benchmark_;
  const VerifyOptions& options_;
  FeatureContext* context_;
  std::mutex mutex_;
};

}  // namespace

Result<std::vector<VerifiedPair>> VerifyPairs(const dataset::CopyBenchmark& benchmark,
                                              std::span<const ScoredPair> ranked,
                                              const VerifyOptions& options, FeatureContext* context) {
  if (options.per_query < 1)
    return Error{ErrorCode::kInvalidArgument, "at least one candidate a query must be verified"};
  Candidates candidates;
  for (const ScoredPair& pair : ranked) {
    auto& of_query = candidates[pair.query];
    if (of_query.size() < static_cast<std::size_t>(options.per_query)) of_query.push_back(pair.reference);
  }
  return Verifier(benchmark, options, context).Run(candidates);
}

std::vector<ScoredPair> MergeVerified(std::span<const ScoredPair> ranked,
                                      std::span<const VerifiedPair> verified, const LogOdds& description) {
  std::unordered_map<std::uint64_t, double> evidence;
  for (const VerifiedPair& pair : verified) evidence[PairKey(pair.query, pair.reference)] = pair.evidence;
  std::vector<ScoredPair> merged(ranked.begin(), ranked.end());
  for (ScoredPair& pair : merged) {
    const double odds =
        std::clamp(description.slope * pair.score + description.intercept, -kMostLogOdds, kMostLogOdds);
    const auto found = evidence.find(PairKey(pair.query, pair.reference));
    pair.score = odds + (found == evidence.end() ? kLeastEvidence : std::max(kLeastEvidence, found->second));
  }
  std::sort(merged.begin(), merged.end(), [](const ScoredPair& a, const ScoredPair& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.query != b.query ? a.query < b.query : a.reference < b.reference;
  });
  return merged;
}

}  // namespace kantei::evaluate
