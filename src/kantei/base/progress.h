// Progress of long work, on stderr, only when a person is watching.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace kantei {

/// Thread-safe. Draws a bar with rate and ETA at most ten times a second when stderr is a terminal; silent otherwise.
class Progress {
 public:
  /// total may be 0 (unknown: only count and rate are drawn). `unit` is a plural noun, e.g. "pictures".
  Progress(std::string label, std::uint64_t total, std::string unit);
  ~Progress();  ///< ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(std::uint64_t count = 1);
  /// Prints a line of talk on stderr without tearing the bar (also when not a terminal).
  void Say(const std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Switches every bar off (--quiet) or back on.
void SetProgressEnabled(bool enabled);

}  // namespace kantei
