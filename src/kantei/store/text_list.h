// Short lists of words in one column. Private to store/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kantei::store {

/// Words are never empty and hold no comma (their readers refuse it).
inline std::string JoinList(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

inline std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    words.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return words;
}

}  // namespace kantei::store
