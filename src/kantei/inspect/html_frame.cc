#include "kantei/inspect/html_frame.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kantei/inspect/html_exhibit.h"
#include "kantei/inspect/html_style.h"
#include "kantei/inspect/html_text.h"
#include "kantei/inspect/words.h"

namespace kantei::inspect {
namespace {

/// For the content of a CSS string: what could end it is left out.
std::string CssSafe(const std::string& text) {
  std::string out;
  for (const char c : text)
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
        c == '+' || c == ' ')
      out += c;
  return out;
}

void AppendPageRules(const RunFacts& run, const std::vector<std::string>& hashes, std::string* out) {
  const std::string font = "{font:7.2pt Arial,\"Noto Sans CJK JP\",sans-serif;color:#59636e;";
  *out += "@page{@bottom-left" + font + "content:\"Kantei " + CssSafe(run.tool_version) + " · " +
          CssSafe(run.started_at.substr(0, 10)) + "\"}@bottom-right" + font +
          "content:counter(page) \" / \" counter(pages)}}\n";
  for (std::size_t i = 0; i < hashes.size(); ++i)
    if (!hashes[i].empty())
      *out += "@page p" + std::to_string(i + 1) + "{@bottom-left{content:\"Kantei " +
              CssSafe(run.tool_version) + " · SHA-256 " + CssSafe(hashes[i]) + "\"}}\n";
}

Text ErrorKind(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return {"Not a valid input", "入力が不正"};
    case ErrorCode::kNotFound:
      return {"Not found", "見つからない"};
    case ErrorCode::kCorrupt:
      return {"Damaged data", "データの破損"};
    case ErrorCode::kTooLarge:
      return {"Above a limit", "上限の超過"};
    case ErrorCode::kUnsupported:
      return {"Not supported", "非対応の形式"};
    case ErrorCode::kUnavailable:
      return {"Not available", "利用不可"};
    case ErrorCode::kCancelled:
      return {"Stopped", "中断"};
    case ErrorCode::kInternal:
      return {"Internal error", "内部エラー"};
  }
  return {"Error", "エラー"};
}

struct BandMeaning {
  Band band;
  Text words;
};

const std::array<BandMeaning, 4>& BandMeanings() {
  static const std::array<BandMeaning, 4> kMeanings = {{
      {Band::kStrong,
       {"Independent measurements agree, or the file declares it in full; chance would hardly explain it. "
        "Still no certainty.",
        "独立した複数の測定が一致する、またはファイルに十分な申告があり、偶然では説明しにくい。それでも確実で"
        "あることを意味しない。"}},
      {Band::kModerate,
       {"The findings point in one direction, but another explanation is well conceivable.",
        "所見は一つの方向を示すが、別の説明も十分に考えられる。"}},
      {Band::kInconclusive,
       {"The findings are too weak or contradictory to decide, or the question could not be examined well.",
        "所見が弱い、または相反するために決められない。あるいは、十分な検査ができなかった。"}},
      {Band::kNone,
       {"Nothing was found. This is no proof of absence.",
        "該当する所見は見つからなかった。不存在の証明ではない。"}},
  }};
  return kMeanings;
}

const std::vector<Text>& GeneralLimits() {
  static const std::vector<Text> kLimits = {
      {"No band is a probability and none is a certainty; findings that do not fit together are shown, not "
       "voted away. A person "
       "must judge.",
       "証拠の強さは確率でも確実性でもない。互いに矛盾する所見は多数決で消さずに示す。最終的な判断は人が行う"
       "ものである。"},
      {"The statements hold for the files with the SHA-256 values given here. Another version of a picture "
       "may give another "
       "result.",
       "本報告の記載は、記載された SHA-256 "
       "値をもつファイルについてのものである。同じ画像でも別の版では結果が異なり得る。"},
      {"Pictures that are not in the library cannot be found. Who made a picture, when, and whether its use "
       "is permitted cannot be "
       "read off pixels.",
       "ライブラリにない画像は検出できない。作成者、作成時期、利用許諾の有無は画素からは分からない。"},
      {"Metadata are stated, not verified: they can be forged, copied and removed.",
       "メタデータは記載内容を示すのみで、真偽は確認していない。偽造、転写、削除が可能である。"},
      {"This report was made by a program. It supports an expert's opinion and does not replace it.",
       "本報告はプログラムが作成したものであり、専門家の鑑定を補助するもので、それに代わるものではない。"}};
  return kLimits;
}

/// Columns in the order in which the checks first appear.
std::vector<std::pair<std::string, Text>> Columns(const std::vector<SummaryRow>& rows) {
  std::vector<std::pair<std::string, Text>> columns;
  for (const SummaryRow& row : rows)
    for (const SummaryRow::Cell& cell : row.cells)
      if (std::none_of(columns.begin(), columns.end(),
                       [&](const auto& column) { return column.first == cell.key; }))
        columns.emplace_back(cell.key, cell.name);
  return columns;
}

void AppendRow(const SummaryRow& row, std::size_t number,
               const std::vector<std::pair<std::string, Text>>& columns, Language language,
               std::string* out) {
  const std::string id = std::to_string(number);
  *out += "<tr><td class=\"num\">" + id + "</td><td class=\"pic\">" + row.thumbnail +
          "</td><td class=\"file\"><a href=\"#p" + id + "\"><bdi>";
  AppendEscaped(row.name, out);
  *out += "</bdi></a>";
  if (!row.hash.empty()) {
    *out += "<span class=\"sub hash\">";
    AppendEscaped(row.hash.substr(0, 16), out);
    *out += "…</span>";
  }
  if (row.conflicts > 0) {
    *out += "<span class=\"sub\">⚠ ";
    *out +=
        Fill(row.conflicts == 1 ? Text{"{0} conflict", "矛盾 {0} 件"} : Text{"{0} conflicts", "矛盾 {0} 件"},
             {Same(std::to_string(row.conflicts))})
            .In(language);
    *out += "</span>";
  }
  *out += "</td>";
  if (!row.error.empty()) {
    *out += "<td colspan=\"" + std::to_string(std::max<std::size_t>(1, columns.size())) +
            "\"><span class=\"chip failed\">" + Text{"not examined", "検査できず"}.In(language) +
            "</span><span class=\"gist\">";
    AppendEscaped(row.error, out);
    *out += "</span></td></tr>\n";
    return;
  }
  for (const auto& [key, name] : columns) {
    *out += "<td>";
    for (const SummaryRow::Cell& cell : row.cells)
      if (cell.key == key) *out += cell.html;
    *out += "</td>";
  }
  *out += "</tr>\n";
}

/// "2025-06-01T09:30:00Z" -> "2025-06-01 09:30:00 UTC"; anything else stays as it is.
std::string ReadableTime(const std::string& time) {
  if (time.size() != 20 || time[10] != 'T' || time[19] != 'Z') return time;
  return time.substr(0, 10) + " " + time.substr(11, 8) + " UTC";
}

void AppendOption(const Text& name, std::string_view value, Language language, std::string* out) {
  *out += "<tr><th scope=\"row\">";
  AppendEscaped(name.In(language), out);
  *out += "</th><td><bdi>";
  AppendEscaped(value, out);
  *out += "</bdi></td></tr>";
}

}  // namespace

void AppendHead(const RunFacts& run, const std::vector<std::string>& hashes, Language language,
                std::string* out) {
  const bool japanese = language == Language::kJapanese;
  *out += japanese ? "<!doctype html>\n<html lang=\"ja\">\n" : "<!doctype html>\n<html lang=\"en\">\n";
  *out +=
      "<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'; "
      "base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"Kantei ";
  AppendEscaped(run.tool_version, out);
  *out += "\">\n<title>";
  *out += Text{"Kantei – image inspection report", "Kantei – 画像検査報告書"}.In(language);
  *out += "</title>\n<style>";
  *out += ReportStyle();
  AppendPageRules(run, hashes, out);
  *out += "</style>\n</head>\n<body>\n<main>\n";
}

void AppendSummary(const RunFacts& run, const std::vector<SummaryRow>& rows, Language language,
                   std::string* out) {
  *out += "<header class=\"masthead\"><div class=\"title\"><p class=\"kicker\">Kantei ";
  AppendEscaped(run.tool_version, out);
  *out += "</p><h1>";
  *out += Text{"Image inspection report", "画像検査報告書"}.In(language);
  *out += "</h1><p class=\"lead\">";
  const Text pictures = rows.size() == 1 ? Text{"1 picture", "画像 1 点"}
                                         : Fill({"{0} pictures", "画像 {0} 点"},
                                                {Same(Count(static_cast<std::int64_t>(rows.size())))});
  const Text library = run.library_pictures > 0
                           ? Fill({", compared with {0} known pictures", "、既知画像 {0} 点と照合"},
                                  {Same(Count(run.library_pictures))})
                           : Text{};
  AppendEscaped(Fill({"{0}{1}. Inspected {2}", "{0}{1}。検査日時 {2}"},
                     {pictures, library, Same(ReadableTime(run.started_at))})
                    .In(language),
                out);
  *out += "</p></div><div class=\"mark\" lang=\"ja\">鑑定</div></header>\n";

  const auto columns = Columns(rows);
  *out += "<table class=\"summary\"><thead><tr><th></th><th></th><th scope=\"col\">";
  *out += Text{"File", "ファイル"}.In(language) + "</th>";
  for (const auto& [key, name] : columns) {
    *out += "<th scope=\"col\">";
    AppendEscaped(name.In(language), out);
    *out += "</th>";
  }
  *out += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < rows.size(); ++i) AppendRow(rows[i], i + 1, columns, language, out);
  *out += "</tbody></table>\n<div class=\"legend\"><span>";
  *out += Text{"Strength of evidence:", "証拠の強さ:"}.In(language) + "</span>";
  for (const BandMeaning& meaning : BandMeanings()) AppendBandChip(meaning.band, language, out);
  *out += "<span>";
  *out += Text{"The bands are explained on the last page; none of them is a certainty.",
               "各段階の意味は最終ページに示す。いずれも確実性を意味しない。"}
              .In(language);
  *out += "</span></div>\n";
}

void AppendAbout(const RunFacts& run, std::size_t pictures, double seconds, Language language,
                 std::string* out) {
  *out += "<section class=\"about\">\n<h2>" + Text{"About this report", "本報告について"}.In(language) +
          "</h2>\n<h3>" + Text{"Strength of evidence", "証拠の強さ"}.In(language) +
          "</h3><table class=\"bands\"><tbody>";
  for (const BandMeaning& meaning : BandMeanings()) {
    *out += "<tr><td>";
    AppendBandChip(meaning.band, language, out);
    *out += "</td><td>" + meaning.words.In(language) + "</td></tr>";
  }
  *out += "</tbody></table>\n<h3>" +
          Text{"What Kantei cannot tell", "Kantei には分からないこと"}.In(language) + "</h3><ul>";
  for (const Text& limit : GeneralLimits()) *out += "<li>" + limit.In(language) + "</li>";
  *out += "</ul>\n<h3>" + Text{"How this report was made", "作成条件"}.In(language) +
          "</h3><table class=\"facts\"><tbody>";
  AppendOption({"Program", "プログラム"}, "Kantei " + run.tool_version, language, out);
  AppendOption({"Started", "開始時刻"}, ReadableTime(run.started_at), language, out);
  AppendOption({"Pictures", "検査した画像"}, Count(static_cast<std::int64_t>(pictures)), language, out);
  AppendOption({"Time taken", "検査時間の合計"}, Seconds(seconds).In(language), language, out);
  if (!run.library.empty()) AppendOption({"Library", "ライブラリ"}, run.library, language, out);
  if (!run.library.empty() || run.library_pictures > 0)
    AppendOption({"Known pictures", "既知画像"}, Count(run.library_pictures), language, out);
  for (const auto& [name, value] : run.options) AppendOption(Same(name), value, language, out);
  *out += "</tbody></table>\n<p class=\"note\">";
  *out +=
      Text{
          "A file's SHA-256 can be recomputed with any such tool, for example “sha256sum FILE”, to make sure "
          "that it is the "
          "file examined here.",
          "ファイルの SHA-256 値は、任意のツール（例: sha256sum "
          "ファイル名）で再計算し、検査対象と同一であることを確認できる。"}
          .In(language);
  *out += "</p>\n<p class=\"end\">" + Text{"End of the report", "以上"}.In(language) +
          "</p>\n</section>\n</main>\n</body>\n</html>\n";
}

void AppendError(const Error& error, Language language, std::string* out) {
  *out += "<div class=\"error\"><strong>" + ErrorKind(error.code).In(language) + "</strong><br>";
  AppendEscaped(error.message, out);
  *out += "</div>\n";
}

void AppendGist(const CheckReport& report, Language language, std::string* out) {
  const std::string& gist = report.gist.In(language);
  if (gist.empty() || report.error) return;
  *out += "<span class=\"gist\"><bdi>";
  AppendEscaped(gist, out);
  *out += "</bdi></span>";
}

}  // namespace kantei::inspect
