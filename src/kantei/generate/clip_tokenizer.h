// CLIP's byte-pair tokenizer (Radford et al., ICML 2021), the same ids as transformers' CLIPTokenizer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kantei/base/result.h"

namespace kantei::generate {

/// What a tokenizer is made of.
struct ClipVocabulary {
  std::vector<std::string>
      words;  ///< by id, bytes written as CLIP's printable characters, ends of words as "</w>"; "" is no word
  std::vector<std::pair<std::string, std::string>> merges;  ///< the first is tried first
  std::string begin = "<|startoftext|>", end = "<|endoftext|>", unknown = "<|endoftext|>";
  std::string pad =
      "<|endoftext|>";  ///< SD 2 pads with "!"; like the other three it is a token of its own in a prompt
};

/// A prompt as the text encoder takes it.
struct EncodedPrompt {
  /// Of `length` ids each: begin, 75 of the prompt, end; the last one padded.
  std::vector<std::vector<std::int64_t>> chunks;
  int tokens = 0;          ///< of the whole prompt, without begin and end
  bool shortened = false;  ///< the prompt has more tokens than fit in the chunks
};

/// Immutable, thread-safe, cheap to copy.
class ClipTokenizer {
 public:
  /// The longest prompt that is read, in bytes.
  static constexpr std::size_t kMaxPromptBytes = 1 << 16;

  /// A folder with vocab.json and merges.txt, or with tokenizer.json; special_tokens_map.json and tokenizer_config.json are read
  /// where they are there. kNotFound names the files that are expected; kCorrupt what is wrong in them.
  static Result<ClipTokenizer> Open(const std::filesystem::path& folder);
  /// kInvalidArgument names words that a merge or a special token misses.
  static Result<ClipTokenizer> Make(ClipVocabulary vocabulary, int length = 77);
  /// Letters, digits and punctuation byte by byte, without merges: for models that learn few words. 514 ids.
  static ClipTokenizer MakeBytes(int length = 77);

  /// vocab.json, merges.txt, special_tokens_map.json and tokenizer_config.json, which Open and transformers read.
  Status Save(const std::filesystem::path& folder) const;

  /// Ids of the text alone. kTooLarge above kMaxPromptBytes.
  Result<std::vector<std::int64_t>> Tokens(std::string_view text) const;
  /// At most `most_chunks` chunks, at least one.
  Result<EncodedPrompt> Encode(std::string_view text, int most_chunks = 1) const;
  /// The same of ids that are there, each below size().
  EncodedPrompt EncodeTokens(const std::vector<std::int64_t>& ids, int most_chunks = 1) const;

  int length() const;         ///< ids of a chunk, 77 in Stable Diffusion
  std::int64_t size() const;  ///< one more than the greatest id
  std::int64_t begin() const;
  std::int64_t end() const;
  std::int64_t pad() const;
  /// The same, padded with another id, which is no token of its own.
  ClipTokenizer PaddedWith(std::int64_t id) const;
  const ClipVocabulary& vocabulary() const;

 private:
  struct State;
  explicit ClipTokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace kantei::generate
