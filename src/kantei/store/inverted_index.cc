#include "kantei/store/inverted_index.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "kantei/store/inverted_state.h"

namespace kantei::store {

InvertedIndex::InvertedIndex(std::uint32_t words) : state_(std::make_unique<State>()) {
  KANTEI_CHECK(words > 0 && words <= kMaxWords);
  state_->words = words;
}
InvertedIndex::~InvertedIndex() = default;
InvertedIndex::InvertedIndex(InvertedIndex&&) noexcept = default;
InvertedIndex& InvertedIndex::operator=(InvertedIndex&&) noexcept = default;

Status InvertedIndex::Add(std::int64_t picture_id, std::span<const Posting> postings) {
  State& state = *state_;
  if (picture_id <= state.last_picture_id) {
    return Error{ErrorCode::kInvalidArgument,
                 "picture " + std::to_string(picture_id) + " cannot be indexed after picture " +
                     std::to_string(state.last_picture_id) + "; add in ascending order"};
  }
  constexpr std::size_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (postings.size() > kMax || state.Ordinals() >= kMax) {
    return Error{ErrorCode::kTooLarge, "the index has no room for picture " + std::to_string(picture_id)};
  }
  for (const Posting& posting : postings) {
    if (posting.word < state.words) continue;
    return Error{ErrorCode::kInvalidArgument, "picture " + std::to_string(picture_id) + " has the word " +
                                                  std::to_string(posting.word) + ", but the vocabulary has " +
                                                  std::to_string(state.words) +
                                                  " words; add it with this vocabulary"};
  }
  if (state.tail.empty()) state.tail.resize(state.words);
  const auto ordinal = static_cast<std::uint32_t>(state.Ordinals());
  for (const Posting& posting : postings) {
    WordTail& word = state.tail[posting.word];
    if (word.ordinals.empty() || word.ordinals.back() != ordinal) ++word.pictures;
    word.signatures.push_back(posting.signature);
    word.ordinals.push_back(ordinal);
    word.geometry.push_back(static_cast<std::uint16_t>(posting.angle | posting.log_scale << 8));
  }
  state.tail_ids.push_back(picture_id);
  state.tail_postings.push_back(static_cast<std::uint32_t>(postings.size()));
  state.removed.push_back(false);
  state.last_picture_id = picture_id;
  state.total_postings += postings.size();
  return {};
}

void InvertedIndex::MarkRemoved(std::int64_t picture_id) {
  State& state = *state_;
  const bool in_tail = !state.tail_ids.empty() && picture_id >= state.tail_ids.front();
  const std::span<const std::int64_t> ids =
      in_tail ? std::span<const std::int64_t>(state.tail_ids) : state.base.picture_ids;
  const auto found = std::lower_bound(ids.begin(), ids.end(), picture_id);
  if (found == ids.end() || *found != picture_id) return;
  const std::size_t ordinal =
      static_cast<std::size_t>(found - ids.begin()) + (in_tail ? state.base.picture_ids.size() : 0);
  if (state.removed[ordinal]) return;
  state.removed[ordinal] = true;
  ++state.removed_count;
  state.total_postings -= state.PicturePostings(ordinal);
}

std::int64_t InvertedIndex::last_picture_id() const {
  return state_->last_picture_id;
}
std::uint64_t InvertedIndex::posting_count() const {
  return state_->total_postings;
}
std::uint64_t InvertedIndex::picture_count() const {
  return state_->Ordinals() - state_->removed_count;
}

Result<InvertedIndex> InvertedIndex::Load(const std::filesystem::path& path, std::string* tag) {
  KANTEI_TRY(MappedFile file, MappedFile::Open(path));
  KANTEI_TRY(InvertedView view, ReadInverted(file.bytes(), DisplayPath(path)));
  InvertedIndex index(static_cast<std::uint32_t>(view.word_pictures.size()));
  State& state = *index.state_;
  if (tag != nullptr) *tag = view.tag;
  state.last_picture_id = view.last_picture_id;
  state.total_postings = view.signatures.size();
  state.removed.assign(view.picture_ids.size(), false);
  state.base = std::move(view);
  state.file = std::move(file);
  return index;
}

}  // namespace kantei::store
