#include "kantei/evaluate/generation_report.h"

#include <algorithm>

#include "kantei/base/files.h"
#include "kantei/evaluate/html_page.h"

namespace kantei::evaluate {
namespace {

constexpr int kThumbnailSide = 160;

std::size_t Listed(const GenerationFigures& system, int pairs) {
  return std::min(system.nearest.size(), static_cast<std::size_t>(std::max(0, pairs)));
}

std::string Cell(const std::string& text) {
  return "<td class=\"n\">" + text + "</td>";
}

std::string Table(const GenerationEvaluation& evaluation) {
  std::string html = "<div class=\"scroll\"><table><thead><tr><th>set</th>";
  for (const char* head :
       {"pictures", "copied", "PDQ ≤ 31", "similarity, mean", "top 5 %", "SSIM to the nearest",
        "LPIPS to the nearest", "feature distance", "realism", "agreement", "passes"})
    html += std::string("<th class=\"n\">") + head + "</th>";
  html += "</tr></thead><tbody>\n";
  for (const GenerationFigures& s : evaluation.systems) {
    const auto share = static_cast<double>(s.copied) / static_cast<double>(s.pictures);
    html += "<tr><td><b>" + Html(s.name) + "</b></td>" + Cell(Count(s.pictures)) + "<td class=\"big\">" +
            Percent(share) + "<span class=\"range\">" + Fixed(100 * s.copied_95.low, 1) + " to " +
            Fixed(100 * s.copied_95.high, 1) + "</span></td>" + Cell(Count(s.hash_copied)) +
            Cell(Fixed(s.mean_similarity, 3)) + Cell(Fixed(s.top_similarity, 3)) +
            Cell(Fixed(s.mean_ssim, 3)) + Cell(s.mean_lpips ? Fixed(*s.mean_lpips, 3) : "–") +
            Cell(Fixed(s.feature_distance, 3)) + Cell(Fixed(s.robust_realism, 3)) +
            Cell(s.agreement ? Percent(*s.agreement) : "–") + Cell(s.passes ? Fixed(*s.passes, 0) : "–") +
            "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string Pairs(const GenerationFigures& system, int pairs) {
  std::string html = "<details open><summary>" + Html(system.name) + "</summary>\n<div class=\"cards\">\n";
  for (std::size_t i = 0; i < Listed(system, pairs); ++i) {
    const NearestKnown& pair = system.nearest[i];
    html += "<div class=\"card\"><div class=\"pair\"><figure>" +
            Thumbnail(pair.file, kThumbnailSide, "generated picture") + "<figcaption>" +
            Html(DisplayPath(pair.file.filename())) + "</figcaption></figure><figure>" +
            Thumbnail(pair.known, kThumbnailSide, "nearest known picture") + "<figcaption>" +
            Html(DisplayPath(pair.known.filename())) + "</figcaption></figure></div><p>" +
            (pair.prompt.empty() ? std::string() : "“" + Html(pair.prompt) + "”, ") + "similarity " +
            Fixed(pair.similarity, 3) + ", SSIM " + Fixed(pair.ssim, 3) + "</p></div>\n";
  }
  return html + "</div></details>\n";
}

}  // namespace

Json GenerationReportJson(const GenerationEvaluation& evaluation, int pairs, std::string_view version) {
  Json sets = Json::array();
  for (const GenerationFigures& s : evaluation.systems) {
    Json ratios = Json::object();
    for (std::size_t m = 0; m < s.measure_ratio.size(); ++m)
      ratios[std::string(authenticity::MeasureKey(authenticity::kMeasures[m]))] = s.measure_ratio[m];
    Json nearest = Json::array();
    for (std::size_t i = 0; i < Listed(s, pairs); ++i) {
      const NearestKnown& pair = s.nearest[i];
      nearest.push_back({{"file", DisplayPath(pair.file)},
                         {"known", DisplayPath(pair.known)},
                         {"prompt", pair.prompt},
                         {"similarity", pair.similarity},
                         {"ssim", pair.ssim},
                         {"lpips", pair.lpips ? Json(*pair.lpips) : Json()},
                         {"pdq_distance", pair.hash_distance}});
    }
    sets.push_back({{"name", s.name},
                    {"pictures", s.pictures},
                    {"copied", s.copied},
                    {"copied_share_95", {s.copied_95.low, s.copied_95.high}},
                    {"pdq_copied", s.hash_copied},
                    {"similarity_mean", s.mean_similarity},
                    {"similarity_top_5_percent", s.top_similarity},
                    {"ssim_to_nearest", s.mean_ssim},
                    {"lpips_to_nearest", s.mean_lpips ? Json(*s.mean_lpips) : Json()},
                    {"feature_distance", s.feature_distance},
                    {"realism", s.robust_realism},
                    {"realism_measures_to_real", std::move(ratios)},
                    {"agreement", s.agreement ? Json(*s.agreement) : Json()},
                    {"passes", s.passes ? Json(*s.passes) : Json()},
                    {"nearest", std::move(nearest)}});
  }
  return {{"schema", kGenerationReportSchema},
          {"tool", {{"name", "kantei"}, {"version", version}}},
          {"model", {{"name", evaluation.model}, {"sha256", evaluation.model_sha256}}},
          {"line", evaluation.line},
          {"known", evaluation.known},
          {"classes", evaluation.classes},
          {"compared", evaluation.compared},
          {"sets", std::move(sets)},
          {"problems", evaluation.problems}};
}

std::string GenerationReportHtml(const GenerationEvaluation& evaluation, int pairs,
                                 std::string_view version) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"><title>Generated "
      "pictures</title><style>" +
      std::string(PageStyle()) +
      "</style></head><body><main>\n<header class=\"masthead\"><div><h1>Generated pictures and the known "
      "ones</h1><p class=\"lead\">" +
      Count(evaluation.known) + " known pictures, network " + Html(evaluation.model) + ", kantei " +
      Html(version) + "</p></div><div class=\"mark\">Kantei</div></header>\n" + Table(evaluation) +
      "<p class=\"note\">Copied: its descriptor is nearer to that of a known picture than " +
      Fixed(evaluation.line, 3) +
      " (cosine), the line that few real pictures cross which the model has not seen. Feature distance: "
      "Fréchet distance to "
      "the real pictures, " +
      Count(evaluation.compared) +
      " of each set; of the real ones, between their halves. Agreement: the class of known pictures that is "
      "nearest is the one "
      "that was asked for (" +
      Count(evaluation.classes) +
      " classes); of the real ones, the one they belong to. Similarity is no proof of copying, and its "
      "absence none of the "
      "contrary.</p>\n<h2>The most similar pairs</h2>\n";
  for (const GenerationFigures& system : evaluation.systems) html += Pairs(system, pairs);
  return html + "</main></body></html>\n";
}

}  // namespace kantei::evaluate
