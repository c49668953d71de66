// Unicode as the tokenizer needs it. Private to the folder.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kantei::generate {

/// The code point at `at`, which is moved behind it. U+FFFD for bytes that are no UTF-8, one byte a time.
char32_t NextCodePoint(std::string_view text, std::size_t* at);
void AppendUtf8(char32_t code_point, std::string* text);

/// Valid UTF-8, canonically composed (NFC).
std::string ComposeText(std::string_view text);
/// Every code point in lower case, whatever the language of the machine.
std::string LowerText(std::string_view text);

bool IsLetter(char32_t code_point);  ///< general category L
bool IsNumber(char32_t code_point);  ///< general category N
bool IsSpace(char32_t code_point);   ///< property White_Space

}  // namespace kantei::generate
