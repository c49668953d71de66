// Talk for people, on stderr. Data never goes here.
#pragma once

#include <string_view>

namespace kantei {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

void SetLogLevel(LogLevel level);
void Log(LogLevel level, std::string_view message);

inline void LogInfo(std::string_view message) {
  Log(LogLevel::kInfo, message);
}
inline void LogWarning(std::string_view message) {
  Log(LogLevel::kWarning, message);
}
inline void LogDebug(std::string_view message) {
  Log(LogLevel::kDebug, message);
}

}  // namespace kantei
