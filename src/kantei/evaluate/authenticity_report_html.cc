#include <algorithm>
#include <cmath>
#include <map>

#include "kantei/base/files.h"
#include "kantei/dataset/authenticity_set.h"
#include "kantei/evaluate/authenticity_examples.h"
#include "kantei/evaluate/authenticity_plots.h"
#include "kantei/evaluate/authenticity_report.h"
#include "kantei/evaluate/html_page.h"

namespace kantei::evaluate {
namespace {

constexpr std::array<const char*, kQuestions> kQuestionTitles = {"made by AI or edited at all",
                                                                 "made by AI as a whole", "edited in part"};

std::string Number(const std::optional<double>& value, int decimals = 3) {
  return value ? Fixed(*value, decimals) : "–";
}
std::string Share(const std::optional<double>& value) {
  return value ? Percent(*value) : "–";
}
std::string Cell(const std::string& text) {
  return "<td class=\"n\">" + text + "</td>";
}
std::string Head(std::initializer_list<const char*> names) {
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  bool first = true;
  for (const char* name : names) {
    html += std::string(first ? "<th>" : "<th class=\"n\">") + name + "</th>";
    first = false;
  }
  return html + "</tr></thead><tbody>\n";
}
constexpr const char* kTableEnd = "</tbody></table></div>\n";

std::string AucCell(const QuestionFigures& f) {
  std::string html = "<td class=\"n\"><b>" + Number(f.auc) + "</b>";
  if (f.auc_95)
    html +=
        "<span class=\"range\">" + Fixed(f.auc_95->low, 3) + " to " + Fixed(f.auc_95->high, 3) + "</span>";
  return html + "</td>";
}

std::string ImageRow(const std::string& name, const QuestionFigures& f) {
  return "<tr><td>" + name + "</td>" + Cell(Count(f.fake)) + Cell(Count(f.authentic)) + AucCell(f) +
         Cell(Share(f.hits_at_1)) + Cell(Share(f.hits_at_5)) + Cell(Share(f.decisions.HitRate())) +
         Cell(Share(f.decisions.FalseAlarmRate())) + Cell(Share(f.decisions.BalancedAccuracy())) +
         Cell(f.authentic + f.fake > 0 ? Number(f.decisions.F1()) : "–") +
         Cell(f.authentic + f.fake > 0 ? Number(f.reliability.expected_error) : "–") + "</tr>\n";
}

std::string ImageHead(const char* first) {
  return Head({first, "fakes", "authentic", "AUC", "hits at 1 % false alarms", "hits at 5 %", "hits",
               "false alarms", "balanced accuracy", "F1", "ECE"});
}

std::string QuestionTables(const AuthenticityEvaluation& evaluation) {
  std::string html;
  const std::size_t count = evaluation.equalised ? 2 : 1;
  for (std::size_t c = 0; c < std::min(count, evaluation.conditions.size()); ++c) {
    const ConditionFigures& condition = evaluation.conditions[c];
    html += "<h3>" +
            std::string(condition.name == "equalised"
                            ? "Equalised: every picture resized and re-encoded by the same law first"
                            : "Plain: every file as it is") +
            "</h3>\n" + ImageHead("question");
    for (std::size_t q = 0; q < kQuestions; ++q) html += ImageRow(kQuestionTitles[q], condition.questions[q]);
    html += kTableEnd;
  }
  return html;
}

std::string PixelCells(const PixelFigures& f) {
  if (f.pictures == 0) return Cell("–") + Cell("–") + Cell("–");
  return Cell(Number(f.origin.f1)) + Cell(Number(f.origin.iou)) + Cell(Number(f.origin.auc));
}

std::string EngineTable(const AuthenticityEvaluation& evaluation) {
  if (evaluation.engines.empty()) return {};
  std::string html = Head({"engine", "fakes", "AUC", "hits at 1 % false alarms", "hits at 5 %", "hits",
                           "pixel F1", "IoU", "pixel AUC"});
  for (const EngineFigures& engine : evaluation.engines)
    html += "<tr><td><b>" + Html(engine.engine) + "</b><span class=\"detail\">" +
            std::string(dataset::HistoryName(engine.history)) + "</span></td>" +
            Cell(Count(engine.figures.fake)) + AucCell(engine.figures) +
            Cell(Share(engine.figures.hits_at_1)) + Cell(Share(engine.figures.hits_at_5)) +
            Cell(Share(engine.figures.decisions.HitRate())) + PixelCells(engine.pixels) + "</tr>\n";
  const ConditionFigures& all = evaluation.conditions[0];
  html += "<tr><td>all together</td>" + Cell(Count(all.questions[0].fake)) + AucCell(all.questions[0]) +
          Cell(Share(all.questions[0].hits_at_1)) + Cell(Share(all.questions[0].hits_at_5)) +
          Cell(Share(all.questions[0].decisions.HitRate())) + PixelCells(all.edited) + "</tr>\n";
  return html + kTableEnd;
}

std::string SourceTable(const AuthenticityEvaluation& evaluation) {
  std::string html = Head({"source", "fakes", "authentic", "AUC", "hits", "false alarms", "pixel F1", "IoU",
                           "pixel AUC", "area marked in authentic"});
  for (const SourceFigures& source : evaluation.sources)
    html += "<tr><td>" + Html(source.source) + "</td>" + Cell(Count(source.figures.fake)) +
            Cell(Count(source.figures.authentic)) + AucCell(source.figures) +
            Cell(Share(source.figures.decisions.HitRate())) +
            Cell(Share(source.figures.decisions.FalseAlarmRate())) + PixelCells(source.edited) +
            Cell(source.authentic.pictures > 0 ? Percent(source.authentic.mean_share, 2) : "–") + "</tr>\n";
  return html + kTableEnd;
}

std::string PixelTable(const AuthenticityEvaluation& evaluation) {
  const ConditionFigures& all = evaluation.conditions[0];
  const PixelFigures& f = all.edited;
  std::string html;
  if (f.pictures > 0) {
    html += Head({"reading of the map", "pictures", "F1", "IoU", "AUC"});
    const auto row = [&](const char* name, const PixelScores& s) {
      html += "<tr><td>" + std::string(name) + "</td>" + Cell(Count(f.pictures)) + Cell(Number(s.f1)) +
              Cell(Number(s.iou)) + Cell(Number(s.auc)) + "</tr>\n";
    };
    row("as it is (IMDL-BenCo, origin)", f.origin);
    row("inverted (reverse)", f.reverse);
    row("the better of both (double)", f.both);
    if (f.trufor)
      html += "<tr><td>TruFor's F1: better of both, border left out</td>" + Cell(Count(f.trufor_pictures)) +
              Cell(Number(f.trufor->f1) + "<span class=\"range\">best threshold " +
                   Fixed(f.trufor->best_f1, 3) + "</span>") +
              Cell("") + Cell("") + "</tr>\n";
    html += kTableEnd;
  }
  if (all.generated.pictures > 0)
    html += "<p class=\"note\">Of " + Count(all.generated.pictures) + " pictures made as a whole, " +
            Percent(all.generated.origin.iou) + " of the area is marked on average.</p>\n";
  if (all.authentic.pictures > 0)
    html += "<p class=\"note\">Of " + Count(all.authentic.pictures) + " authentic pictures, " +
            Percent(all.authentic.mean_share, 2) + " of the area is marked on average; " +
            Count(all.authentic.above_1_percent) +
            " have more than 1 % of it marked. They are in none of the figures above: "
            "with an empty mask F1 and IoU are 0 even for a perfect answer.</p>\n";
  return html;
}

std::string Plots(const AuthenticityEvaluation& evaluation) {
  const ConditionFigures& all = evaluation.conditions[0];
  CurvePlot roc{"Hits over false alarms",
                "false alarms: share of authentic pictures",
                "hits: share of fakes",
                1,
                1,
                true,
                {},
                {}};
  CurvePlot risk{"Risk over coverage",
                 "coverage: share of pictures that is answered",
                 "risk: share of wrong answers",
                 1,
                 0.1,
                 false,
                 {},
                 {}};
  for (std::size_t q = 0; q < kQuestions; ++q) {
    const QuestionFigures& f = all.questions[q];
    if (!f.auc) continue;
    CurveLine line{kQuestionTitles[q], "AUC " + Fixed(*f.auc, 3), {}, false, q + 1};
    for (const RocPoint& point : f.roc) line.points.emplace_back(point.false_alarms, point.hits);
    roc.lines.push_back(line);
    CurveLine cover{kQuestionTitles[q], "area " + Fixed(f.risk_area, 3), {}, false, q + 1};
    for (const RiskCoveragePoint& point : f.risk_coverage) {
      cover.points.emplace_back(point.coverage, point.risk);
      if (point.coverage >= 0.02) risk.y_most = std::max(risk.y_most, std::ceil(point.risk * 10) / 10);
    }
    risk.lines.push_back(std::move(cover));
  }
  std::string html = "<div class=\"plots\">\n";
  if (!roc.lines.empty()) html += "<figure>" + CurveSvg(roc) + "<figcaption>ROC</figcaption></figure>\n";
  html += "<figure>" + ReliabilitySvg(all.questions[0].reliability, "Reliability") +
          "<figcaption>Reliability: " + kQuestionTitles[0] + "</figcaption></figure>\n";
  if (!risk.lines.empty())
    html +=
        "<figure>" + CurveSvg(risk) +
        "<figcaption>Risk and coverage: the least sure answers are withheld first</figcaption></figure>\n";
  return html + "</div>\n";
}

std::string AxisName(const std::string& kind) {
  if (kind == "jpeg") return "JPEG: quality";
  if (kind == "webp") return "WebP: quality";
  if (kind == "blur") return "Gaussian blur: side of the kernel in pixels";
  if (kind == "noise") return "Gaussian noise: variance in grey levels²";
  return "resize: factor of both sides";
}

/// One small plot for each kind of wear, with the unworn figure at the left.
std::string Robustness(const AuthenticityEvaluation& evaluation) {
  std::map<std::string, std::vector<const ConditionFigures*>> kinds;
  std::vector<std::string> order;
  for (std::size_t c = evaluation.equalised ? 2 : 1; c < evaluation.conditions.size(); ++c) {
    const ConditionFigures& condition = evaluation.conditions[c];
    const std::string kind = condition.name.substr(0, condition.name.find('-'));
    if (!kinds.contains(kind)) order.push_back(kind);
    kinds[kind].push_back(&condition);
  }
  if (order.empty()) return {};
  const ConditionFigures& base = evaluation.conditions[0];
  std::string html = "<h2>Robustness</h2>\n<div class=\"plots\">\n";
  for (const std::string& kind : order) {
    CurvePlot plot{kind, AxisName(kind), "AUC, pixel F1", 1, 1, false, {"none"}, {}};
    std::vector<const ConditionFigures*> steps = {&base};
    for (const ConditionFigures* step : kinds[kind]) {
      steps.push_back(step);
      plot.x_names.push_back(step->name.substr(step->name.find('-') + 1));
    }
    for (std::size_t q = 1; q < kQuestions; ++q) {
      if (!base.questions[q].auc) continue;
      CurveLine line{"AUC: " + std::string(kQuestionTitles[q]), "", {}, true, q + 1};
      for (std::size_t i = 0; i < steps.size(); ++i)
        if (steps[i]->questions[q].auc)
          line.points.emplace_back(static_cast<double>(i), *steps[i]->questions[q].auc);
      plot.lines.push_back(std::move(line));
    }
    if (base.edited.pictures > 0) {
      CurveLine line{"pixel F1 of edited pictures", "", {}, true, kQuestions + 1};
      for (std::size_t i = 0; i < steps.size(); ++i)
        line.points.emplace_back(static_cast<double>(i), steps[i]->edited.origin.f1);
      plot.lines.push_back(std::move(line));
    }
    html += "<figure>" + CurveSvg(plot) + "</figure>\n";
  }
  html += "</div>\n" + Head({"condition", "AUC, any", "AUC, made", "AUC, edited",
                             "hits at 5 % false alarms, any", "pixel F1", "IoU", "area marked in authentic"});
  for (const ConditionFigures& c : evaluation.conditions)
    html += "<tr><td>" + Html(c.name) + "</td>" + Cell(Number(c.questions[0].auc)) +
            Cell(Number(c.questions[1].auc)) + Cell(Number(c.questions[2].auc)) +
            Cell(Share(c.questions[0].hits_at_5)) +
            Cell(c.edited.pictures > 0 ? Number(c.edited.origin.f1) : "–") +
            Cell(c.edited.pictures > 0 ? Number(c.edited.origin.iou) : "–") +
            Cell(c.authentic.pictures > 0 ? Percent(c.authentic.mean_share, 2) : "–") + "</tr>\n";
  return html + kTableEnd;
}

std::optional<image::Image> IfThere(const image::Image& picture) {
  return picture.empty() ? std::nullopt : std::optional(picture);
}

std::string Examples(const std::vector<dataset::AuthenticitySample>& samples,
                     const AuthenticityEvaluation& evaluation) {
  using Kind = AuthenticityExample::Kind;
  std::string html;
  for (const auto& [kind, title] :
       {std::pair(Kind::kFalseAlarm, "Authentic pictures that look most like fakes"),
        std::pair(Kind::kMissed, "Fakes that look most authentic"),
        std::pair(Kind::kBadMap, "Edited pictures with the worst maps")}) {
    std::string cards;
    for (const AuthenticityExample& example : evaluation.examples) {
      if (example.kind != kind) continue;
      const dataset::AuthenticitySample& sample = samples[example.sample];
      const std::string name = DisplayPath(sample.picture.filename());
      cards += "<div class=\"card\"><div class=\"triple\"><figure>" +
               Thumbnail(IfThere(example.picture), kExampleSide, "picture " + name) +
               "<figcaption>as judged</figcaption></figure>";
      if (sample.history == dataset::History::kEdited)
        cards += "<figure>" + Thumbnail(IfThere(example.truth), kExampleSide, "what was changed in " + name) +
                 "<figcaption>outlined: what was changed</figcaption></figure>";
      cards += "<figure>" + Thumbnail(IfThere(example.heat), kExampleSide, "heat map of " + name) +
               "<figcaption>heat map</figcaption></figure></div><p>" + Html(name) + " · " +
               std::string(dataset::HistoryName(sample.history)) +
               (sample.history == dataset::History::kAuthentic ? "" : " by " + Html(sample.engine)) +
               " · from " + Html(sample.source) + "</p><p>probability " + Fixed(example.probability, 3) +
               (example.f1 ? " · pixel F1 " + Fixed(*example.f1, 3) : "") + "</p></div>\n";
    }
    if (!cards.empty())
      html += "<h3>" + std::string(title) + "</h3>\n<div class=\"cards wide\">\n" + cards + "</div>\n";
  }
  return html;
}

std::string Term(const std::string& name, const std::string& value) {
  return "<dt>" + name + "</dt><dd>" + value + "</dd>\n";
}

std::string HowMeasured(const AuthenticityEvaluation& evaluation, std::string_view version) {
  std::string html =
      "<dl>\n" + Term("set", Html(evaluation.set)) +
      Term("pictures", Count(evaluation.authentic) + " authentic, " + Count(evaluation.edited) + " edited, " +
                           Count(evaluation.generated) + " generated; " + Count(evaluation.unreadable) +
                           " could not be read or judged") +
      Term("detector", "<span class=\"hash\">" + Html(evaluation.detector) + "</span>") +
      Term("probability", evaluation.profile_data.empty()
                              ? std::string("logistic of the raw logit: not calibrated")
                              : "calibrated on " + Html(evaluation.profile_data)) +
      Term("thresholds", Fixed(evaluation.thresholds[0], 3) + " (any), " +
                             Fixed(evaluation.thresholds[1], 3) + " (made), " +
                             Fixed(evaluation.thresholds[2], 3) + " (edited)");
  if (evaluation.equalised)
    html += Term(
        "equalising",
        "resized by a factor of 0.7 to 1.3, then JPEG of quality 70 to 95, drawn from the picture's seed; a "
        "fake and the picture it was made from draw the same; wear is applied after it");
  return html + Term("seed", std::to_string(evaluation.seed)) + Term("program", "kantei " + Html(version)) +
         "</dl>\n";
}

constexpr std::string_view kMoreStyle =
    ".plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:18px;align-items:"
    "start}.plots figure{margin:0}"
    ".plots "
    "figcaption{text-align:center}.cards.wide{grid-template-columns:repeat(auto-fill,minmax(420px,1fr))}"
    ".triple{display:flex;gap:8px}.triple figure{margin:0;flex:1 1 0;min-width:0;text-align:center}"
    ".triple img{display:block;width:100%;height:150px;object-fit:contain;background:var(--wash)}"
    "@media (max-width:700px){.cards.wide{grid-template-columns:1fr}}";

}  // namespace

std::string AuthenticityReportHtml(const std::vector<dataset::AuthenticitySample>& samples,
                                   const AuthenticityEvaluation& evaluation, std::string_view version) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; "
      "img-src data:; style-src 'unsafe-inline'\"><title>Made or edited: " +
      Html(evaluation.set) + "</title><style>" + std::string(PageStyle()) + std::string(kMoreStyle) +
      "</style></head><body><main>\n<header class=\"masthead\"><div><h1>Made or edited: " +
      Html(evaluation.set) + "</h1><p class=\"lead\">" + Html(evaluation.detector) + " on " +
      Count(evaluation.authentic) + " authentic, " + Count(evaluation.edited) + " edited and " +
      Count(evaluation.generated) +
      " generated pictures</p></div><span class=\"mark\">鑑定</span></header>\n";
  for (const std::string& warning : evaluation.warnings)
    html += "<p class=\"warning\">" + Html(warning) + "</p>\n";
  html +=
      QuestionTables(evaluation) +
      "<p class=\"note\">Hits: share of the fakes that are called so at the threshold; false alarms: share "
      "of the authentic "
      "pictures. ECE: expected calibration error over ten bins. Ranges are 95 % bootstrap intervals.</p>\n" +
      Plots(evaluation);
  if (const std::string table = EngineTable(evaluation); !table.empty())
    html +=
        "<h2>By engine, the hardest first</h2>\n<p class=\"note\">The fakes of one engine against all "
        "authentic pictures. A "
        "figure over all engines together hides the ones that are not found.</p>\n" +
        table;
  html += "<h2>By source of the pictures</h2>\n" + SourceTable(evaluation);
  html +=
      "<h2>Which pixels</h2>\n<p class=\"note\">Mean over pictures, edited ones only, threshold 0.5.</p>\n" +
      PixelTable(evaluation);
  html += Robustness(evaluation);
  if (const std::string cards = Examples(samples, evaluation); !cards.empty())
    html += "<h2>Worst cases</h2>\n" + cards;
  html += "<h2>How this was measured</h2>\n" + HowMeasured(evaluation, version);
  return html + "</main></body></html>\n";
}

}  // namespace kantei::evaluate
