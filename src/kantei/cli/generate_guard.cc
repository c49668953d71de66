#include "kantei/cli/generate_guard.h"

#include <algorithm>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/cli/text_format.h"
#include "kantei/store/catalog.h"

namespace kantei::cli {
namespace {

/// Permitted pictures that are nearer must not hide one that is not permitted.
constexpr int kMostNear = 100;

/// Which library it is, and in which state: pictures that were added or removed later give another verdict.
Result<Json> LibraryIdentity(const std::string& path) {
  KANTEI_TRY(const auto catalog, store::Catalog::Open(path, store::OpenMode::kReadOnly));
  KANTEI_TRY(const store::Checkpoint state, catalog->CurrentCheckpoint());
  KANTEI_TRY(const std::int64_t pictures, catalog->Count({}));
  return Json{{"path", DisplayPath(path)},
              {"uuid", state.catalog_uuid},
              {"last_picture_id", state.last_picture_id},
              {"removals", state.removals},
              {"pictures", pictures}};
}

}  // namespace

void AddGuardOptions(CLI::App* verb, GuardArguments* arguments) {
  const auto of_library = [verb](CLI::Option* option) {
    return option->needs(verb->get_option("--library"));
  };
  verb->add_option(
          "--library", arguments->library,
          "A library of known pictures: a result that is a copy of one is made again from another seed")
      ->type_name("PATH");
  of_library(
      verb->add_option("--copy-threshold", arguments->threshold,
                       "Probability of being a copy from which on a result is rejected (default: where "
                       "90 % of the descriptor network's calibration pairs are copies)"))
      ->type_name("P");
  of_library(
      verb->add_option("--attempts", arguments->attempts, "Pictures made at most until one is no copy"))
      ->type_name("N")
      ->capture_default_str();
  of_library(verb->add_flag("--keep-rejected", arguments->keep_rejected,
                            "Write the least similar attempt when all were rejected; its record says so"));
  of_library(verb->add_option("--copy-model", arguments->network,
                              "Descriptor network of the library (default: the shipped one)"))
      ->type_name("NAME");
}

Result<std::unique_ptr<GenerateGuard>> GenerateGuard::Open(const Session& session,
                                                           const GuardArguments& arguments) {
  if (arguments.library.empty()) return std::unique_ptr<GenerateGuard>();
  auto guard = std::make_unique<GenerateGuard>();
  KANTEI_TRY(Json library, LibraryIdentity(arguments.library));
  copy::DetectorOptions options;
  options.network.model = arguments.network;
  options.max_matches = kMostNear;
  KANTEI_TRY(guard->detector_, copy::CopyDetector::Open(arguments.library, options, session.cancellation));
  guard->keep_rejected_ = arguments.keep_rejected;
  guard->options_.attempts = arguments.attempts;
  guard->options_.raise = arguments.raise;
  Json asked{{"library", std::move(library)}};
  const std::optional<copy::DetectorNetwork> network = guard->detector_->network();
  asked["descriptor"] = network ? Json(network->id) : Json();
  if (network && network->threshold_probability) {
    const double threshold = arguments.threshold.value_or(*network->threshold_probability);
    guard->options_.threshold = threshold;
    asked["threshold"] = threshold;
    asked["calibrated_on"] = network->threshold_source;
  } else if (arguments.threshold) {
    return Error{ErrorCode::kInvalidArgument,
                 "--copy-threshold needs a calibrated descriptor network, and the library " +
                     DisplayPath(arguments.library) +
                     (network ? " was described by one without a profile; make it with kantei models profile"
                              : " has no descriptors; make them with kantei library reindex")};
  } else {
    asked["threshold"] = nullptr;
  }
  asked["band"] = BandName(guard->options_.band);
  asked["most_attempts"] = arguments.attempts;
  if (arguments.raise > 0) asked["raise"] = arguments.raise;
  if (arguments.keep_rejected) asked["keep_rejected"] = true;
  KANTEI_RETURN_IF_ERROR(guard->options_.Validate());
  guard->asked_ = std::move(asked);
  return guard;
}

Result<generate::GuardFinding> GenerateGuard::Check(const image::Image& picture) const {
  KANTEI_TRY(const copy::CopyFindings found, detector_->Find(picture, picture.width(), picture.height()));
  generate::GuardFinding finding;
  const auto permitted = [](const auto& known) { return known.bank_kind == store::BankKind::kAllow; };
  const auto name = [](const store::Picture& known) {
    return known.path.empty() ? "picture " + std::to_string(known.picture_id) + " of bank " + known.bank
                              : DisplayPath(known.path);
  };
  if (const auto near = std::find_if_not(found.near.begin(), found.near.end(), permitted);
      near != found.near.end()) {
    finding.probability = near->descriptor.probability;
    finding.nearest = name(near->picture);
  }
  if (const auto match = std::find_if_not(found.matches.begin(), found.matches.end(), permitted);
      match != found.matches.end()) {
    finding.band = match->band;
    finding.similarity = match->similarity;
    // What the detail shows names the picture better than a descriptor does.
    if (match->band >= options_.band || finding.nearest.empty()) finding.nearest = name(match->picture);
  }
  return finding;
}

Result<generate::GuardedPicture> GenerateGuard::Make(std::uint64_t seed, const generate::GuardMaker& make,
                                                     const CancellationToken& cancellation) const {
  return generate::GenerateGuarded(
      seed, make, [this](const image::Image& picture) { return Check(picture); }, options_, cancellation);
}

std::string GenerateGuard::Sentence(const generate::GuardedPicture& guarded) const {
  const std::uint64_t first = guarded.attempts.front().order.seed;
  const generate::GuardAttempt& kept = guarded.attempts[guarded.kept];
  const std::size_t count = guarded.attempts.size();
  const auto facts = [](const generate::GuardFinding& finding) {
    std::string text = TerminalText(finding.nearest) + " (";
    if (finding.probability) text += "probability of a copy " + FixedNumber(*finding.probability, 2) + ", ";
    return text + "evidence " + std::string(BandName(finding.band)) + ")";
  };
  if (guarded.met) {
    const generate::GuardFinding& before = guarded.attempts[count - 2].finding;
    return "The picture of seed " + std::to_string(first) + " was rejected " + std::to_string(count - 1) +
           (count == 2 ? " time" : " times") + ", the last time as near to " + facts(before) +
           "; the one of seed " + std::to_string(kept.order.seed) + " was kept.";
  }
  return "The picture of seed " + std::to_string(first) + ": " + std::to_string(count) +
         (count == 1 ? " attempt was" : " attempts were all") + " rejected, the least similar as near to " +
         facts(kept.finding) +
         (keep_rejected_ ? "; it was written all the same, and its record says so"
                         : "; nothing was written (more --attempts try further, --keep-rejected writes it)");
}

}  // namespace kantei::cli
