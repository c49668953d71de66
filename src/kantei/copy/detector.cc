#include "kantei/copy/detector.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "kantei/copy/descriptor_library.h"
#include "kantei/copy/library_index.h"
#include "kantei/copy/pair_verification.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/query_sides.h"
#include "kantei/copy/verdict.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"

namespace kantei::copy {
namespace {

using image::Image;

constexpr int kQueryFeatures = 1200;
constexpr int kQueryAssignments = 3;
// A hash of a picture with few gradients says little (the reference advises 50) and is no evidence alone, but it still
// proposes candidates: flat drawings have nothing else, and the photometric check decides.
constexpr int kPdqMinQuality = 10;
// Below this many features a picture can hide a copy from the local check, so that its silence says nothing.
constexpr int kFeaturesThatSpeak = 20;

using Clock = std::chrono::steady_clock;
using Sides = std::array<QuerySide, kQuerySides>;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

struct Candidate {
  std::int64_t picture_id = 0;
  double rank = 0;
  int pdq_distance = 256;
  int pdq_variant = 0;
  unsigned sides = 0;  // bit i: the inverted file found it with side i of the query
  std::optional<DescriptorHit> descriptor;
  std::size_t step = 0;  // the first step that named it
};

}  // namespace

Status DetectorOptions::Validate() const {
  if (pdq_radius < 0 || pdq_radius > 255)
    return Error{ErrorCode::kInvalidArgument, "pdq_radius must be 0 to 255"};
  if (max_verified < 1) return Error{ErrorCode::kInvalidArgument, "max_verified must be at least 1"};
  if (max_matches < 1) return Error{ErrorCode::kInvalidArgument, "max_matches must be at least 1"};
  if (!use_pdq && !use_local && !use_descriptor)
    return Error{ErrorCode::kInvalidArgument,
                 "at least one of PDQ, local features and descriptors must be used"};
  if (!use_verification && !use_descriptor && !use_pdq)
    return Error{ErrorCode::kInvalidArgument, "without verification, PDQ or descriptors must be used"};
  return {};
}

struct CopyDetector::State {
  DetectorOptions options;
  std::shared_ptr<const Vocabulary> vocabulary;
  std::unique_ptr<store::Catalog> catalog;
  std::unique_ptr<LibraryIndex> index;
  std::unique_ptr<DescriptorLibrary> descriptors;  // null: the library has none, or they are not wanted
  std::map<std::string, store::BankKind> bank_kinds;
  mutable std::mutex catalog_mutex;  // SQLite reads are short; matching runs outside

  // Candidates by picture; each search adds to them and writes down what it brought.
  struct Collection {
    std::map<std::int64_t, Candidate> by_id;
    CopyFindings* findings = nullptr;

    Candidate& At(std::int64_t id) {
      const auto [entry, added] = by_id.try_emplace(id);
      if (added) {
        entry->second.picture_id = id;
        entry->second.step = findings->steps.size();
      }
      return entry->second;
    }
    void EndStep(std::string name, int candidates, Clock::time_point start) {
      const std::size_t step = findings->steps.size();
      const auto only = std::count_if(by_id.begin(), by_id.end(),
                                      [&](const auto& entry) { return entry.second.step == step; });
      findings->steps.push_back({std::move(name), candidates, static_cast<int>(only), 0, Seconds(start)});
    }
  };

  void SearchPdq(const PdqDihedral& pdq, Collection* all) const {
    const Clock::time_point start = Clock::now();
    if (pdq.quality < kPdqMinQuality) return;
    // Exchanging light and dark exchanges the bits.
    std::array<Code256, 16> codes;
    for (std::size_t v = 0; v < 8; ++v) {
      codes[v] = codes[v + 8] = pdq.codes[v];
      for (std::uint64_t& word : codes[v + 8].words) word = ~word;
    }
    for (const PdqHit& hit : index->SearchPdq(codes, options.pdq_radius)) {
      Candidate& candidate = all->At(hit.picture_id);
      if (hit.distance < candidate.pdq_distance) {
        candidate.pdq_distance = hit.distance;
        candidate.pdq_variant = hit.query % 8;
        candidate.rank = std::max(candidate.rank, 1000.0 - hit.distance);
      }
    }
    all->findings->candidates_pdq = static_cast<int>(all->by_id.size());
    all->EndStep("pdq", all->findings->candidates_pdq, start);
  }

  void SearchLocal(const Sides& sides, Collection* all) const {
    const Clock::time_point start = Clock::now();
    store::InvertedQueryOptions query_options;
    query_options.max_hits = options.max_verified;
    for (std::size_t side = 0; side < sides.size(); ++side) {
      const auto hits = index->SearchLocal(sides[side].postings, query_options);
      all->findings->candidates_local += static_cast<int>(hits.size());
      for (const store::InvertedHit& hit : hits) {
        Candidate& candidate = all->At(hit.picture_id);
        candidate.sides |= 1u << side;
        candidate.rank = std::max(candidate.rank, static_cast<double>(hit.score));
      }
    }
    all->EndStep("local", all->findings->candidates_local, start);
  }

  Status SearchDescriptors(const Image& query, Collection* all, std::vector<ViewFacts>* views) const {
    KANTEI_TRY(DescriptorAnswer answer, descriptors->Find(query));
    CopyFindings& findings = *all->findings;
    findings.views = static_cast<int>(answer.views.size());
    findings.candidates_descriptor = static_cast<int>(answer.hits.size());
    findings.missing_descriptors = descriptors->missing();
    // One step for each kind of view: --explain tells what each was good for.
    for (const ViewKind kind :
         {ViewKind::kWhole, ViewKind::kTrimmed, ViewKind::kOverlay, ViewKind::kSurround, ViewKind::kQuadrant,
          ViewKind::kCrop, ViewKind::kTurned, ViewKind::kMirrored}) {
      int of_kind = 0;
      const auto has_kind = [&](const ViewFacts& view) { return view.kind == kind; };
      if (std::none_of(answer.views.begin(), answer.views.end(), has_kind)) continue;
      for (std::size_t place = 0; place < answer.hits.size(); ++place) {
        const DescriptorHit& hit = answer.hits[place];
        if (answer.views[hit.view].kind != kind) continue;
        ++of_kind;
        Candidate& candidate = all->At(hit.picture_id);
        candidate.descriptor = hit;
        // The two searches have no common unit: they take turns in the shortlist.
        candidate.rank = std::max(candidate.rank, RankOfPlace(place));
      }
      all->EndStep("descriptor " + std::string(ViewKindName(kind)), of_kind, Clock::now());
    }
    if (!findings.steps.empty()) {
      // Describing all views is one batch; its time stands with the first of them.
      for (SearchStep& step : findings.steps)
        if (step.name.starts_with("descriptor")) {
          step.seconds = answer.describe_seconds + answer.search_seconds;
          break;
        }
    }
    *views = std::move(answer.views);
    return {};
  }

  static double RankOfPlace(std::size_t place) { return 500.0 / (1.0 + static_cast<double>(place)); }

  std::vector<Candidate> Shortlist(const Collection& all) const {
    std::vector<Candidate> candidates;
    for (const auto& [id, candidate] : all.by_id) candidates.push_back(candidate);
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.picture_id < b.picture_id;
    });
    if (candidates.size() > static_cast<std::size_t>(options.max_verified))
      candidates.resize(static_cast<std::size_t>(options.max_verified));
    return candidates;
  }

  Result<std::vector<NearKnown>> Near(const Collection& all, const std::set<std::int64_t>& silent) const {
    std::vector<DescriptorHit> hits;
    for (const auto& [id, candidate] : all.by_id)
      if (candidate.descriptor && !silent.contains(id)) hits.push_back(*candidate.descriptor);
    std::sort(hits.begin(), hits.end(), [](const DescriptorHit& a, const DescriptorHit& b) {
      return a.score != b.score ? a.score > b.score : a.picture_id < b.picture_id;
    });
    std::vector<NearKnown> near;
    for (const DescriptorHit& hit : hits) {
      if (near.size() == static_cast<std::size_t>(options.max_matches)) break;
      const std::lock_guard lock(catalog_mutex);
      auto picture = catalog->Get(hit.picture_id);
      if (!picture.ok()) {
        if (picture.error().code == ErrorCode::kNotFound) continue;  // removed since the index was opened
        return picture.error();
      }
      const auto bank = bank_kinds.find(picture->bank);
      const store::BankKind kind = bank != bank_kinds.end() ? bank->second : store::BankKind::kDeny;
      if (kind != store::BankKind::kIgnore) near.push_back({std::move(*picture), kind, hit});
    }
    return near;
  }

  // Nothing when the picture was removed since the index was opened, or nothing speaks for it.
  Result<std::optional<CopyMatch>> Verify(const Candidate& candidate, const Sides& sides, int pdq_quality,
                                          const std::vector<ViewFacts>& views, int query_features,
                                          const Image& query_grey, int full_width, int full_height) const {
    CopyMatch match;
    Bytes feature_bytes, preview_bytes;
    {
      const std::lock_guard lock(catalog_mutex);
      auto picture = catalog->Get(candidate.picture_id);
      if (!picture.ok()) {
        // Removed by another process since the index was opened.
        if (picture.error().code == ErrorCode::kNotFound) return std::optional<CopyMatch>();
        return picture.error();
      }
      match.picture = std::move(*picture);
      if (match.picture.has_features && options.use_verification) {
        KANTEI_TRY(feature_bytes, catalog->GetFeatures(candidate.picture_id));
        KANTEI_TRY(preview_bytes, catalog->GetPreview(candidate.picture_id));
      }
    }
    const auto bank = bank_kinds.find(match.picture.bank);
    match.bank_kind = bank != bank_kinds.end() ? bank->second : store::BankKind::kDeny;
    match.pdq_distance = candidate.pdq_distance;
    match.pdq_variant = static_cast<image::Dihedral>(candidate.pdq_variant);
    match.descriptor = candidate.descriptor;
    if (match.descriptor) {
      match.descriptor_view = views[match.descriptor->view];
      image::Rect& region = match.descriptor_view.region;
      region = {region.x * full_width / query_grey.width(), region.y * full_height / query_grey.height(),
                region.width * full_width / query_grey.width(),
                region.height * full_height / query_grey.height()};
    }

    bool could_see = false;
    if (!feature_bytes.empty()) {
      KANTEI_TRY(const LocalFeatures known, ParseFeatures(feature_bytes));
      could_see =
          query_features >= kFeaturesThatSpeak && static_cast<int>(known.size()) >= kFeaturesThatSpeak;
      const auto preview = image::DecodeImage(preview_bytes, "the stored preview");
      if (preview.ok()) {
        // What the inverted file found is tried from the sides that found it, the rest plain and mirrored.
        const bool otherwise = candidate.pdq_distance <= 255 || candidate.descriptor.has_value();
        const unsigned plain_and_mirrored = 3;
        const unsigned mask = !options.use_local ? 0 : candidate.sides | (otherwise ? plain_and_mirrored : 0);
        match.regions = FindRegions(sides, mask, query_grey, full_width, full_height, known,
                                    image::ToGrey(preview->pixels), match.picture.width, match.picture.height,
                                    candidate.pdq_distance <= options.pdq_radius, match.pdq_variant);
      }
    }
    const auto threshold = descriptors != nullptr ? descriptors->search().Threshold() : std::nullopt;
    DescriptorEvidence evidence = DescriptorEvidence::kNone;
    if (match.descriptor && threshold && match.descriptor->score >= *threshold)
      evidence = could_see ? DescriptorEvidence::kUnconfirmed : DescriptorEvidence::kAlone;
    const bool hash_counts = std::min(pdq_quality, match.picture.pdq_quality) >= kPdqTrustedQuality;
    const MatchVerdict verdict = JudgeMatch(match, hash_counts, evidence);
    if (verdict.band == Band::kNone) return std::optional<CopyMatch>();
    match.band = verdict.band;
    match.similarity = verdict.similarity;
    for (const auto& [found, name] :
         {std::pair{match.pdq_distance <= options.pdq_radius, "pdq"},
          std::pair{candidate.sides != 0, "local"}, std::pair{match.descriptor.has_value(), "descriptor"}})
      if (found) match.found_by += (match.found_by.empty() ? "" : "+") + std::string(name);
    return std::optional<CopyMatch>(std::move(match));
  }
};

CopyDetector::CopyDetector(std::unique_ptr<State> state) : state_(std::move(state)) {}
CopyDetector::~CopyDetector() = default;

Result<std::unique_ptr<CopyDetector>> CopyDetector::Open(const std::filesystem::path& library,
                                                         const DetectorOptions& options,
                                                         const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  auto state = std::make_unique<State>();
  state->options = options;
  KANTEI_TRY(state->vocabulary, Vocabulary::Shipped());
  KANTEI_TRY(state->catalog, store::Catalog::Open(library, store::OpenMode::kReadOnly));
  KANTEI_TRY(const auto made_with, state->catalog->GetSetting("vocabulary"));
  if (made_with && *made_with != state->vocabulary->id()) {
    return Error{ErrorCode::kUnsupported,
                 "the library " + DisplayPath(library) + " was made with vocabulary " + *made_with +
                     ", this program has " + state->vocabulary->id() +
                     ": make the library anew, or use the version of Kantei that made it"};
  }
  KANTEI_TRY(state->index, LibraryIndex::Open(state->catalog.get(), *state->vocabulary, true, cancellation));
  KANTEI_TRY(const auto network, NetworkOf(state->catalog.get()));
  if (options.use_descriptor && network) {
    KANTEI_TRY(auto model, DescriptorModel::Open(options.network));
    KANTEI_TRY(state->descriptors, DescriptorLibrary::Open(state->catalog.get(), std::move(model),
                                                           options.descriptor, true, cancellation));
  }
  KANTEI_TRY(const std::vector<store::Bank> banks, state->catalog->Banks());
  for (const store::Bank& bank : banks) state->bank_kinds[bank.name] = bank.kind;
  return std::unique_ptr<CopyDetector>(new CopyDetector(std::move(state)));
}

Result<CopyFindings> CopyDetector::Find(const Image& query, int full_width, int full_height) const {
  if (query.empty() || full_width < 1 || full_height < 1)
    return Error{ErrorCode::kInvalidArgument, "the query picture is empty"};
  CopyFindings findings;
  findings.library_pictures = state_->index->pictures();
  const Image working = image::ResizeToFit(query, kWorkingSide);
  const PdqDihedral pdq = ComputePdqDihedral(query, full_width, full_height);
  findings.pdq = pdq.codes[0];
  findings.pdq_quality = pdq.quality;

  Sides sides;
  if (state_->options.use_local) {
    LocalFeatureOptions feature_options;
    feature_options.working_side = kWorkingSide;
    feature_options.max_features = kQueryFeatures;
    LocalFeatures features = ExtractLocalFeatures(working, feature_options);
    findings.query_features = static_cast<int>(features.size());
    sides = MakeQuerySides(std::move(features), *state_->vocabulary, kQueryAssignments);
  }
  State::Collection all{{}, &findings};
  std::vector<ViewFacts> views;
  if (state_->options.use_pdq) state_->SearchPdq(pdq, &all);
  if (state_->options.use_local) state_->SearchLocal(sides, &all);
  if (state_->descriptors != nullptr)
    KANTEI_RETURN_IF_ERROR(state_->SearchDescriptors(image::ToRgb(working), &all, &views));
  const Clock::time_point verification_start = Clock::now();
  const Image grey = image::ToGrey(working);
  std::vector<CopyMatch> matches;
  for (const Candidate& candidate : state_->Shortlist(all)) {
    KANTEI_TRY(std::optional<CopyMatch> match,
               state_->Verify(candidate, sides, pdq.quality, views, findings.query_features, grey, full_width,
                              full_height));
    ++findings.verified;
    if (!match) continue;
    if (match->band >= Band::kModerate) ++findings.steps[candidate.step].confirmed;
    matches.push_back(std::move(*match));
  }
  findings.steps.push_back(
      {"verification", findings.verified, 0, static_cast<int>(matches.size()), Seconds(verification_start)});
  std::stable_sort(matches.begin(), matches.end(), [](const CopyMatch& a, const CopyMatch& b) {
    return a.band != b.band ? a.band > b.band : a.similarity > b.similarity;
  });

  // An ignore bank silences its own match and whatever rests on the same region of the query.
  std::vector<const CopyMatch*> ignores;
  for (const CopyMatch& match : matches) {
    if (match.bank_kind == store::BankKind::kIgnore && match.band >= Band::kModerate)
      ignores.push_back(&match);
  }
  const auto silenced = [&](const CopyMatch& match) {
    if (match.bank_kind == store::BankKind::kIgnore) return true;
    return std::any_of(ignores.begin(), ignores.end(), [&](const CopyMatch* ignore) {
      if (match.regions.empty())
        return ignore->pdq_distance <= match.pdq_distance && match.pdq_distance < 256;
      return std::all_of(match.regions.begin(), match.regions.end(), [&](const RegionMatch& region) {
        return std::any_of(ignore->regions.begin(), ignore->regions.end(), [&](const RegionMatch& covering) {
          return CoveredShare(region.query_region, covering.query_region) >= 0.8;
        });
      });
    });
  };
  std::vector<std::uint8_t> quiet;
  std::set<std::int64_t> silent_ids;
  for (const CopyMatch& match : matches) {
    quiet.push_back(silenced(match));
    if (quiet.back()) silent_ids.insert(match.picture.picture_id);
  }
  for (std::size_t i = 0; i < matches.size(); ++i) {
    auto& list = quiet[i] ? findings.silenced : findings.matches;
    if (list.size() < static_cast<std::size_t>(state_->options.max_matches))
      list.push_back(std::move(matches[i]));
  }
  if (!findings.matches.empty()) findings.band = findings.matches.front().band;
  KANTEI_TRY(findings.near, state_->Near(all, silent_ids));
  return findings;
}

Result<std::vector<CopyDetector::HashMatch>> CopyDetector::FindHash(const Code256& pdq, int radius,
                                                                    int limit) const {
  std::vector<PdqHit> hits = state_->index->SearchPdq(std::array{pdq}, radius);
  std::sort(hits.begin(), hits.end(), [](const PdqHit& a, const PdqHit& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.picture_id < b.picture_id;
  });
  std::vector<HashMatch> matches;
  const std::lock_guard lock(state_->catalog_mutex);
  for (const PdqHit& hit : hits) {
    if (matches.size() == static_cast<std::size_t>(limit)) break;
    auto picture = state_->catalog->Get(hit.picture_id);
    if (!picture.ok()) {
      if (picture.error().code == ErrorCode::kNotFound) continue;  // removed since the index was opened
      return picture.error();
    }
    const auto bank = state_->bank_kinds.find(picture->bank);
    const store::BankKind kind = bank != state_->bank_kinds.end() ? bank->second : store::BankKind::kDeny;
    matches.push_back({std::move(*picture), kind, hit.distance});
  }
  return matches;
}

Result<Image> CopyDetector::Preview(std::int64_t picture_id) const {
  Bytes bytes;
  {
    const std::lock_guard lock(state_->catalog_mutex);
    KANTEI_TRY(bytes, state_->catalog->GetPreview(picture_id));
  }
  if (bytes.empty())
    return Error{ErrorCode::kNotFound,
                 "the library keeps no preview of picture " + std::to_string(picture_id)};
  KANTEI_TRY(image::DecodedImage decoded, image::DecodeImage(bytes, "the stored preview"));
  return std::move(decoded.pixels);
}

const DetectorOptions& CopyDetector::options() const {
  return state_->options;
}

std::optional<DetectorNetwork> CopyDetector::network() const {
  if (state_->descriptors == nullptr) return std::nullopt;
  const DescriptorSearch& search = state_->descriptors->search();
  DetectorNetwork network{search.model().id(), std::nullopt, ""};
  if (const ScoreCalibration* calibration = search.Calibration(); calibration != nullptr) {
    network.threshold_probability = calibration->Probability(calibration->threshold);
    network.threshold_source = calibration->source;
  }
  return network;
}

}  // namespace kantei::copy
