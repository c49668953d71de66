#include "kantei/server/metrics.h"

#include <cstdio>

namespace kantei::server {
namespace {

std::string Number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

void AppendHead(const std::string& name, const char* type, const std::string& help, std::string* out) {
  *out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

}  // namespace

void Metrics::Histogram::Note(double value) {
  std::size_t i = 0;
  while (i < kBounds.size() && value > kBounds[i]) ++i;
  ++counts[i];
  sum += value;
  ++total;
}

void Metrics::NoteRequest(const std::string& method, const std::string& route, int status, double seconds) {
  const std::string labels = "method=\"" + method + "\",route=\"" + route + "\"";
  const std::lock_guard lock(mutex_);
  ++requests_[labels + ",status=\"" + std::to_string(status) + "\""];
  durations_[labels].Note(seconds);
}

void Metrics::NoteInspection(bool failed, double seconds) {
  const std::lock_guard lock(mutex_);
  inspections_.Note(seconds);
  if (failed) ++failed_inspections_;
}

void Metrics::Append(const std::string& name, const std::string& labels, const Histogram& histogram,
                     std::string* out) {
  std::uint64_t below = 0;
  const std::string comma = labels.empty() ? "" : labels + ",";
  for (std::size_t i = 0; i <= kBounds.size(); ++i) {
    below += histogram.counts[i];
    const std::string bound = i < kBounds.size() ? Number(kBounds[i]) : "+Inf";
    *out += name + "_bucket{" + comma + "le=\"" + bound + "\"} " + std::to_string(below) + "\n";
  }
  const std::string set = labels.empty() ? "" : "{" + labels + "}";
  *out += name + "_sum" + set + " " + Number(histogram.sum) + "\n";
  *out += name + "_count" + set + " " + std::to_string(histogram.total) + "\n";
}

std::string Metrics::Text(const std::vector<Gauge>& gauges) const {
  std::string out;
  for (const Gauge& gauge : gauges) {
    AppendHead(gauge.name, "gauge", gauge.help, &out);
    out += gauge.name + " " + Number(gauge.value) + "\n";
  }
  const std::lock_guard lock(mutex_);
  AppendHead("kantei_http_requests_total", "counter", "Requests that were answered.", &out);
  for (const auto& [labels, count] : requests_)
    out += "kantei_http_requests_total{" + labels + "} " + std::to_string(count) + "\n";
  AppendHead("kantei_http_request_seconds", "histogram", "Time from the head of a request to its answer.",
             &out);
  for (const auto& [labels, histogram] : durations_)
    Append("kantei_http_request_seconds", labels, histogram, &out);
  AppendHead("kantei_inspection_seconds", "histogram", "Time of one inspection.", &out);
  Append("kantei_inspection_seconds", "", inspections_, &out);
  AppendHead("kantei_inspections_failed_total", "counter", "Pictures that could not be inspected.", &out);
  out += "kantei_inspections_failed_total " + std::to_string(failed_inspections_) + "\n";
  return out;
}

}  // namespace kantei::server
