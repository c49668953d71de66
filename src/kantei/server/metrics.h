// Counters that Prometheus reads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace kantei::server {

/// Thread-safe.
class Metrics {
 public:
  /// `route` is one of the table's paths, never what a client sent.
  void NoteRequest(const std::string& method, const std::string& route, int status, double seconds);
  void NoteInspection(bool failed, double seconds);
  /// Text of version 0.0.4 of the exposition format; `gauges` are added by name (with their HELP text).
  struct Gauge {
    std::string name, help;
    double value = 0;
  };
  std::string Text(const std::vector<Gauge>& gauges) const;

 private:
  static constexpr std::array<double, 10> kBounds = {0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 20, 60};
  struct Histogram {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    double sum = 0;
    std::uint64_t total = 0;
    void Note(double value);
  };
  static void Append(const std::string& name, const std::string& labels, const Histogram& histogram,
                     std::string* out);

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> requests_;  // by labels
  std::map<std::string, Histogram> durations_;     // by labels
  Histogram inspections_;
  std::uint64_t failed_inspections_ = 0;
};

}  // namespace kantei::server
