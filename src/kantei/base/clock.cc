#include "kantei/base/clock.h"

#include <ctime>

namespace kantei {

std::string UtcNow() {
  return UtcFromNow(0);
}

std::string UtcFromNow(std::int64_t seconds) {
  const std::time_t now = std::time(nullptr) + static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

}  // namespace kantei
