// One self-contained HTML page for a run: opens offline, prints on A4, English or Japanese.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "kantei/base/result.h"
#include "kantei/base/text.h"
#include "kantei/inspect/evidence.h"

namespace kantei::inspect {

/// Builds the page picture by picture, so that pixels need not be kept: about 150 kB of text a picture with
/// matches.
class HtmlReport {
 public:
  HtmlReport(RunFacts run, Language language);
  ~HtmlReport();
  /// In the order of the page.
  void Add(const Inspection& inspection);
  /// The whole page. Call once, last.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string RenderHtml(std::span<const Inspection> inspections, const RunFacts& run, Language language);

}  // namespace kantei::inspect
