// Query of the inverted index: Hamming embedding with weak geometric consistency (Jegou, Douze and Schmid,
// ECCV 2008, sections 4 and 5) and damped bursts (the same authors, CVPR 2009).
//
// A query feature votes for a picture when a posting of its word lies within the signature radius. It has one
// vote a picture, for its nearest posting there, so that repeated texture in the picture does not count many
// times. A vote weighs
//     idf(word)^2 * exp(-(distance / 22.4)^2) / sqrt(number of pictures the feature votes for),
// the last term damping features that match everywhere. Votes fall into 16 x 16 cells of the differences of
// orientation (22.5 degrees a cell, all around) and scale (half an octave a cell, four octaves each way); a
// true copy turns and scales all its features alike, so only the heaviest 2 x 2 cells count: two cells each
// way, so that no border can split it.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "kantei/store/inverted_state.h"
#include "kantei/store/signature_scan.h"

namespace kantei::store {
namespace {

constexpr int kCells = 16;
constexpr std::size_t kHistogram = kCells * kCells;
// Pictures whose votes are counted by geometry; those beyond have a lower sum of all votes.
constexpr std::size_t kGeometryPictures = 1000;
// A picture with very few features would win by a single chance match, so it is scored as if it had this
// many.
constexpr std::uint32_t kLeastPostings = 100;

struct Vote {
  std::uint32_t ordinal = 0;
  std::uint8_t distance = 0;
  std::uint8_t cell = 0;  ///< rotation cell * 16 + scale cell
};

/// Weights by signature distance; 22.4 bits is 0.35 of 64.
const std::array<float, 65>& DistanceWeights() {
  static const std::array<float, 65> weights = [] {
    std::array<float, 65> table{};
    for (int distance = 0; distance <= 64; ++distance) {
      const double ratio = distance / (0.35 * 64);
      table[static_cast<std::size_t>(distance)] = static_cast<float>(std::exp(-ratio * ratio));
    }
    return table;
  }();
  return weights;
}

std::uint8_t Cell(const Posting& query, std::uint16_t geometry) {
  const unsigned rotation = (query.angle - (geometry & 0xFFu)) & 0xFFu;
  const int scale = static_cast<int>(query.log_scale) - (geometry >> 8);  // 16ths of an octave
  const int scale_cell = std::clamp((scale + 64) >> 3, 0, kCells - 1);
  return static_cast<std::uint8_t>((rotation >> 4) * kCells + static_cast<unsigned>(scale_cell));
}

/// The votes of the query features of one word: `votes[k]` for the k-th of `features`.
class WordVotes {
 public:
  explicit WordVotes(int radius) : radius_(radius), scan_(PickScan(ScanKernel::kBest)) {}

  void Start(std::size_t features) {
    if (votes_.size() < features) votes_.resize(features);
    for (std::size_t k = 0; k < features; ++k) votes_[k].clear();
  }

  /// The signatures of a long list are read from memory once for all features of the word.
  void Scan(const PostingRun& run, std::span<const Posting* const> features,
            const std::vector<bool>& removed) {
    for (std::size_t begin = 0; begin < run.signatures.size(); begin += kScanChunk) {
      const auto chunk = run.signatures.subspan(begin, std::min(kScanChunk, run.signatures.size() - begin));
      for (std::size_t k = 0; k < features.size(); ++k) {
        scan_(chunk, features[k]->signature, radius_, &near_);
        for (std::size_t i = 0; i < near_.count; ++i) {
          const std::size_t at = begin + near_.position[i];
          Collect(*features[k], run.ordinals[at], run.geometry[at], near_.distance[i], removed, &votes_[k]);
        }
      }
    }
  }

  std::span<const Vote> votes(std::size_t k) const { return votes_[k]; }

 private:
  static void Collect(const Posting& query, std::uint32_t ordinal, std::uint16_t geometry,
                      std::uint8_t distance, const std::vector<bool>& removed, std::vector<Vote>* votes) {
    // The first test also keeps ordinals of a hostile file inside the tables.
    if (ordinal >= removed.size() || removed[ordinal]) return;
    if (votes->empty() || votes->back().ordinal != ordinal) {
      votes->push_back({ordinal, distance, Cell(query, geometry)});
    } else if (distance < votes->back().distance) {
      votes->back().distance = distance;
      votes->back().cell = Cell(query, geometry);
    }
  }

  int radius_;
  ScanFunction scan_;
  NearSignatures near_;
  std::vector<std::vector<Vote>> votes_;
};

/// Votes with their weights, and the sum of them by picture.
struct Tally {
  std::vector<Vote> votes;
  std::vector<float> weights;  ///< one a vote
  std::vector<float> sums;     ///< one an ordinal
};

struct Window {
  float weight = 0;
  std::uint32_t votes = 0;
};

/// The heaviest 2 x 2 cells; orientation wraps around, scale does not.
Window HeaviestWindow(const float* weights, const std::uint32_t* counts) {
  Window best;
  for (std::size_t rotation = 0; rotation < kCells; ++rotation) {
    const std::size_t next = (rotation + 1) % kCells;
    for (std::size_t scale = 0; scale + 1 < kCells; ++scale) {
      const std::size_t a = rotation * kCells + scale, b = next * kCells + scale;
      const float weight = (weights[a] + weights[a + 1]) + (weights[b] + weights[b + 1]);
      if (weight > best.weight) best = {weight, counts[a] + counts[a + 1] + counts[b] + counts[b + 1]};
    }
  }
  return best;
}

}  // namespace

std::vector<InvertedHit> InvertedIndex::Query(std::span<const Posting> query,
                                              const InvertedQueryOptions& options) const {
  const State& state = *state_;
  const std::size_t pictures = state.Ordinals();
  if (pictures == 0 || options.max_hits <= 0) return {};
  const int radius = std::clamp(options.signature_radius, 0, 64);

  std::vector<const Posting*> features;
  features.reserve(query.size());
  for (const Posting& posting : query) {
    if (posting.word < state.words) features.push_back(&posting);
  }
  std::stable_sort(features.begin(), features.end(),
                   [](const Posting* a, const Posting* b) { return a->word < b->word; });

  Tally tally;
  tally.sums.assign(pictures, 0.0f);
  const auto& distance_weights = DistanceWeights();
  const auto live = static_cast<double>(pictures - state.removed_count);
  WordVotes word_votes(radius);
  for (std::size_t begin = 0, end = 0; begin < features.size(); begin = end) {
    const std::uint32_t word = features[begin]->word;
    while (end < features.size() && features[end]->word == word) ++end;
    const std::uint32_t word_pictures = state.WordPictures(word);
    if (word_pictures == 0) continue;
    const std::span<const Posting* const> same_word(features.data() + begin, end - begin);
    word_votes.Start(same_word.size());
    word_votes.Scan(state.BaseRun(word), same_word, state.removed);
    word_votes.Scan(state.TailRun(word), same_word, state.removed);
    // log(1 + N/n) instead of log(N/n): a word that every picture of a small library has still says
    // something.
    const double idf = std::log1p(live / word_pictures);
    for (std::size_t k = 0; k < same_word.size(); ++k) {
      const std::span<const Vote> votes = word_votes.votes(k);
      const auto factor = static_cast<float>(
          idf * idf / std::sqrt(static_cast<double>(std::max<std::size_t>(votes.size(), 1))));
      for (const Vote& vote : votes) {
        const float weight = factor * distance_weights[vote.distance];
        tally.sums[vote.ordinal] += weight;
        tally.votes.push_back(vote);
        tally.weights.push_back(weight);
      }
    }
  }

  const auto normaliser = [&](std::size_t ordinal) {
    return std::sqrt(static_cast<float>(std::max(state.PicturePostings(ordinal), kLeastPostings)));
  };
  struct Candidate {
    float score;
    std::uint32_t ordinal;
  };
  const auto before = [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.ordinal < b.ordinal;
  };
  std::vector<Candidate> candidates;
  for (std::size_t ordinal = 0; ordinal < pictures; ++ordinal) {
    if (tally.sums[ordinal] <= 0) continue;
    candidates.push_back({tally.sums[ordinal] / normaliser(ordinal), static_cast<std::uint32_t>(ordinal)});
  }
  const std::size_t kept =
      std::min(candidates.size(), std::max(kGeometryPictures, static_cast<std::size_t>(options.max_hits)));
  std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(kept),
                   candidates.end(), before);
  candidates.resize(kept);

  constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;
  std::vector<std::uint32_t> slots(pictures, kNoSlot);
  for (std::size_t slot = 0; slot < kept; ++slot)
    slots[candidates[slot].ordinal] = static_cast<std::uint32_t>(slot);
  std::vector<float> weights(kept * kHistogram);
  std::vector<std::uint32_t> counts(kept * kHistogram);
  for (std::size_t i = 0; i < tally.votes.size(); ++i) {
    const std::uint32_t slot = slots[tally.votes[i].ordinal];
    if (slot == kNoSlot) continue;
    const std::size_t at = slot * kHistogram + tally.votes[i].cell;
    weights[at] += tally.weights[i];
    ++counts[at];
  }

  std::vector<InvertedHit> hits;
  hits.reserve(kept);
  for (std::size_t slot = 0; slot < kept; ++slot) {
    const Window window = HeaviestWindow(&weights[slot * kHistogram], &counts[slot * kHistogram]);
    const std::size_t ordinal = candidates[slot].ordinal;
    hits.push_back({state.PictureId(ordinal), window.weight / normaliser(ordinal), window.votes});
  }
  const std::size_t returned = std::min(hits.size(), static_cast<std::size_t>(options.max_hits));
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(returned), hits.end(),
                    [](const InvertedHit& a, const InvertedHit& b) {
                      return a.score != b.score ? a.score > b.score : a.picture_id < b.picture_id;
                    });
  hits.resize(returned);
  return hits;
}

}  // namespace kantei::store
