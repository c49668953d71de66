// What an InvertedIndex holds. Private to store/.
#pragma once

#include <cstdint>
#include <vector>

#include "kantei/base/files.h"
#include "kantei/store/inverted_format.h"
#include "kantei/store/inverted_index.h"

namespace kantei::store {

/// The postings of one word that were added since the file was written.
struct WordTail {
  std::vector<std::uint64_t> signatures;
  std::vector<std::uint32_t> ordinals;  ///< ascending; positions in the picture ids of file and tail together
  std::vector<std::uint16_t> geometry;
  std::uint32_t pictures = 0;  ///< different ordinals
};

/// A run of postings of one word, wherever they lie.
struct PostingRun {
  std::span<const std::uint64_t> signatures;
  std::span<const std::uint32_t> ordinals;
  std::span<const std::uint16_t> geometry;
};

struct InvertedIndex::State {
  std::uint32_t words = 0;
  MappedFile file;
  InvertedView base;  ///< views of `file`; empty when nothing was loaded

  std::vector<WordTail> tail;  ///< one a word, or empty before the first Add
  std::vector<std::int64_t> tail_ids;
  std::vector<std::uint32_t> tail_postings;
  std::int64_t last_picture_id = 0;
  std::uint64_t total_postings = 0;  ///< of pictures that are not removed

  std::vector<bool> removed;  ///< one an ordinal
  std::uint64_t removed_count = 0;

  std::size_t Ordinals() const { return base.picture_ids.size() + tail_ids.size(); }
  std::int64_t PictureId(std::size_t ordinal) const {
    const std::size_t first = base.picture_ids.size();
    return ordinal < first ? base.picture_ids[ordinal] : tail_ids[ordinal - first];
  }
  std::uint32_t PicturePostings(std::size_t ordinal) const {
    const std::size_t first = base.picture_ids.size();
    return ordinal < first ? base.picture_postings[ordinal] : tail_postings[ordinal - first];
  }
  std::uint32_t WordPictures(std::uint32_t word) const {
    return (base.word_pictures.empty() ? 0 : base.word_pictures[word]) +
           (tail.empty() ? 0 : tail[word].pictures);
  }
  PostingRun BaseRun(std::uint32_t word) const {
    if (base.word_ends.empty()) return {};
    const auto begin = static_cast<std::size_t>(base.word_ends[word]);
    const std::size_t count = static_cast<std::size_t>(base.word_ends[word + 1]) - begin;
    return {base.signatures.subspan(begin, count), base.ordinals.subspan(begin, count),
            base.geometry.subspan(begin, count)};
  }
  PostingRun TailRun(std::uint32_t word) const {
    if (tail.empty()) return {};
    return {tail[word].signatures, tail[word].ordinals, tail[word].geometry};
  }
};

}  // namespace kantei::store
