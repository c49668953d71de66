#include "kantei/base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

namespace kantei {
namespace {

using Clock = std::chrono::steady_clock;
std::atomic<bool> progress_enabled{true};

std::string Duration(double seconds) {
  char text[32];
  const auto whole = static_cast<long>(std::min(seconds, 359999.0));
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

int TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

struct Progress::State {
  std::string label, unit;
  std::uint64_t total = 0, done = 0;
  bool drawing = false, drawn = false;
  Clock::time_point start = Clock::now(), last_draw{};
  std::mutex mutex;

  void Draw() {
    const double elapsed = std::max(1e-3, std::chrono::duration<double>(Clock::now() - start).count());
    const double rate = static_cast<double>(done) / elapsed;
    char numbers[160];
    std::string bar;
    if (total > 0) {
      const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
      const double left = rate > 0 ? static_cast<double>(total - std::min(total, done)) / rate : 0;
      std::snprintf(numbers, sizeof numbers, " %3.0f%% %llu/%llu %s, %.1f/s, ETA %s", share * 100,
                    static_cast<unsigned long long>(done), static_cast<unsigned long long>(total),
                    unit.c_str(), rate, rate > 0 ? Duration(left).c_str() : "?");
      const int width = std::clamp(
          TerminalWidth() - static_cast<int>(label.size() + std::char_traits<char>::length(numbers)) - 4, 0,
          30);
      const int filled = static_cast<int>(share * width + 0.5);
      if (width >= 5)
        bar = " [" + std::string(static_cast<std::size_t>(filled), '#') +
              std::string(static_cast<std::size_t>(width - filled), '.') + "]";
    } else {
      std::snprintf(numbers, sizeof numbers, " %llu %s, %.1f/s", static_cast<unsigned long long>(done),
                    unit.c_str(), rate);
    }
    std::fprintf(stderr, "\r\033[K%s%s%s", label.c_str(), bar.c_str(), numbers);
    std::fflush(stderr);
    drawn = true;
    last_draw = Clock::now();
  }
};

Progress::Progress(std::string label, std::uint64_t total, std::string unit)
    : state_(std::make_unique<State>()) {
  state_->label = std::move(label);
  state_->unit = std::move(unit);
  state_->total = total;
  state_->drawing = progress_enabled && isatty(STDERR_FILENO) == 1;
}

Progress::~Progress() {
  if (!state_->drawing || !state_->drawn) return;
  state_->Draw();
  std::fputc('\n', stderr);
}

void Progress::Advance(std::uint64_t count) {
  const std::lock_guard lock(state_->mutex);
  state_->done += count;
  if (state_->drawing && Clock::now() - state_->last_draw > std::chrono::milliseconds(100)) state_->Draw();
}

void Progress::Say(const std::string& line) {
  const std::lock_guard lock(state_->mutex);
  if (state_->drawn) std::fputs("\r\033[K", stderr);
  std::fprintf(stderr, "%s\n", line.c_str());
  if (state_->drawn) state_->Draw();
}

void SetProgressEnabled(bool enabled) {
  progress_enabled = enabled;
}

}  // namespace kantei
