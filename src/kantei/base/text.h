// A sentence for people in the languages that Kantei speaks.
#pragma once

#include <string>
#include <string_view>

namespace kantei {

enum class Language { kEnglish, kJapanese };

struct Text {
  std::string en, ja;
  const std::string& In(Language language) const { return language == Language::kJapanese ? ja : en; }
};

}  // namespace kantei
