#include "kantei/inspect/trace_evidence.h"

#include <algorithm>

#include "kantei/image/transform.h"
#include "kantei/inspect/heat_picture.h"
#include "kantei/inspect/trace_words.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

using authenticity::Trace;

/// Of both kinds of source, the kind being unknown. As in TraceSentence.
constexpr double kRare = 0.05;
constexpr int kPanelSide = 480;
constexpr std::size_t kMaxPanels = 3;

double Rate(const Trace& trace) {
  return std::max(trace.false_alarms.photo, trace.false_alarms.drawn);
}

bool IsRare(const Trace& trace) {
  return trace.applicable && trace.score > 0 && Rate(trace) <= kRare;
}

Json TraceJson(const Trace& trace) {
  Json json{{"kind", authenticity::TraceKey(trace.kind)}, {"applicable", trace.applicable}};
  if (!trace.applicable) {
    json["reason"] = trace.reason;
    return json;
  }
  json["score"] = trace.score;
  json["false_alarm_rate"] = {{"photo", trace.false_alarms.photo}, {"drawn", trace.false_alarms.drawn}};
  Json regions = Json::array();
  for (const authenticity::TraceRegion& region : trace.regions)
    regions.push_back({{"x", region.box.x},
                       {"y", region.box.y},
                       {"width", region.box.width},
                       {"height", region.box.height},
                       {"strength", region.strength}});
  json["regions"] = std::move(regions);
  return json;
}

}  // namespace

void AddTraceEvidence(const std::vector<Trace>& traces, const image::Image& picture, CheckReport* report) {
  if (traces.empty()) return;
  Table table;
  table.title = {"Traces of handling in the pixels, without a trained network",
                 "画素に残る処理の痕跡（学習済みネットワークを用いない）"};
  table.header = {{"Trace", "痕跡"},
                  {"What was seen", "所見"},
                  {"Authentic photos with as much", "同程度を示す真正写真"},
                  {"Authentic drawings with as much", "同程度を示す真正描画"}};
  Json all = Json::array();
  Figure figure;
  figure.title = {"Where traces stand out", "痕跡が目立つ箇所"};
  const image::Image plain = image::ToRgb(image::ResizeToFit(picture, kPanelSide));
  for (const Trace& trace : traces) {
    const bool measured = trace.applicable;
    table.rows.push_back({TraceName(trace.kind), TraceSentence(trace, kRare),
                          Same(measured ? Percent(trace.false_alarms.photo) : "–"),
                          Same(measured ? Percent(trace.false_alarms.drawn) : "–")});
    all.push_back(TraceJson(trace));
    if (!IsRare(trace)) continue;
    report->grounds.push_back(TraceSentence(trace, kRare));
    if (trace.map.values.empty() || figure.panels.size() >= kMaxPanels) continue;
    figure.panels.push_back({HeatOver(plain, image::Resize(GreyOf(trace.map), plain.width(), plain.height())),
                             TraceName(trace.kind)});
  }
  if (!figure.panels.empty()) report->exhibits.emplace_back(std::move(figure));
  report->exhibits.emplace_back(std::move(table));
  report->json["traces"] = std::move(all);
}

}  // namespace kantei::inspect
