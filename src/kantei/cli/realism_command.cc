#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "kantei/authenticity/realism.h"
#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/image/decode.h"
#include "kantei/inspect/inspector.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;
using authenticity::RealismMeasures;

struct RealismArguments {
  std::vector<std::string> files;
  bool csv = false;
  std::string reference = "photo";
};

struct FitArguments {
  std::vector<std::string> directories;
  std::string name;
};

Result<RealismMeasures> MeasureFile(const fs::path& path) {
  image::DecodeOptions options;
  // What inspect measures on, so that both verbs and the fitted references agree.
  options.max_longer_side = inspect::InspectOptions{}.working_side;
  KANTEI_TRY(const image::DecodedImage decoded, image::DecodeImageFile(path, options));
  return authenticity::MeasureRealism(decoded.pixels);
}

/// Measures every file in order; `use` gets the good ones, bad ones are named. Returns how many files were
/// handled.
struct BatchOutcome {
  std::size_t done = 0, failed = 0;
};
BatchOutcome MeasureFiles(Session* session, const std::vector<fs::path>& files, Progress* progress,
                          const std::function<bool(const fs::path&, const RealismMeasures&)>& use) {
  BatchOutcome outcome;
  OrderedPipeline<Result<RealismMeasures>>(
      files.size(), ThreadCount(session->jobs), session->cancellation,
      [&](std::size_t i) { return MeasureFile(files[i]); },
      [&](std::size_t i, Result<RealismMeasures>&& measures) {
        ++outcome.done;
        progress->Advance();
        if (measures.ok()) return use(files[i], *measures);
        ++outcome.failed;
        progress->Say("kantei: " + TerminalText(measures.error().message));
        return true;
      });
  return outcome;
}

Error Stopped(std::size_t done, std::size_t total) {
  return {ErrorCode::kCancelled,
          "stopped on request after " + std::to_string(done) + " of " + std::to_string(total) + " pictures"};
}

std::string RealismCsvHeader() {
  std::vector<std::string> fields = {"path",           "reference", "irs",
                                     "irs_percentile", "robust",    "robust_percentile"};
  for (const authenticity::Measure measure : authenticity::kMeasures) {
    const std::string key(authenticity::MeasureKey(measure));
    fields.push_back(key);
    fields.push_back(key + "_percentile");
  }
  return CsvLine(fields);
}

std::string RealismCsv(const fs::path& path, const authenticity::RealismScore& score) {
  std::vector<std::string> fields = {DisplayPath(path),
                                     score.reference,
                                     FixedNumber(score.irs, 4),
                                     FixedNumber(score.irs_percentile, 1),
                                     FixedNumber(score.robust, 4),
                                     FixedNumber(score.robust_percentile, 1)};
  for (std::size_t m = 0; m < authenticity::kMeasures.size(); ++m) {
    fields.push_back(FixedNumber(score.measures[m], 6));
    fields.push_back(FixedNumber(score.percentiles[m], 1));
  }
  return CsvLine(fields);
}

Json RealismJson(const fs::path& path, const authenticity::RealismScore& score) {
  Json line{{"path", DisplayPath(path)}, {"reference", score.reference},
            {"irs", score.irs},          {"irs_percentile", score.irs_percentile},
            {"robust", score.robust},    {"robust_percentile", score.robust_percentile}};
  for (std::size_t m = 0; m < authenticity::kMeasures.size(); ++m) {
    line["measures"][std::string(authenticity::MeasureKey(authenticity::kMeasures[m]))] = {
        {"value", score.measures[m]}, {"radius", score.radii[m]}, {"percentile", score.percentiles[m]}};
  }
  return line;
}

std::string RealismLine(const fs::path& path, const authenticity::RealismScore& score) {
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "%7.3f %5.0f  %7.3f %5.0f  %5.0f %6.0f %6.0f %5.0f %5.0f  ",
                score.irs, score.irs_percentile, score.robust, score.robust_percentile, score.percentiles[0],
                score.percentiles[1], score.percentiles[2], score.percentiles[3], score.percentiles[4]);
  return numbers + TerminalPath(path);
}

Result<int> RunRealism(Session* session, const RealismArguments& arguments) {
  if (arguments.files.empty()) {
    return Error{ErrorCode::kInvalidArgument, "no picture is named; see kantei realism --help"};
  }
  KANTEI_TRY(const authenticity::RealismReference reference,
             authenticity::FindRealismReference(arguments.reference));
  KANTEI_TRY(const std::vector<fs::path> files, CollectPictures(arguments.files));
  if (arguments.csv) {
    session->out.WriteLine(RealismCsvHeader());
  } else if (!session->json) {
    session->out.WriteLine(
        "    IRS   pct   robust   pct    ced  glcmc  glcme   vbm    ms  picture (pct: percentiles in \"" +
        TerminalText(reference.name) + "\")");
  }
  Progress progress("measuring", session->out.IsTerminal() ? 0 : files.size(), "pictures");
  const BatchOutcome outcome =
      MeasureFiles(session, files, &progress, [&](const fs::path& path, const RealismMeasures& measures) {
        const authenticity::RealismScore score = authenticity::ScoreRealism(measures, reference);
        if (session->json) {
          session->out.WriteLine(DumpJson(RealismJson(path, score)));
        } else {
          session->out.WriteLine(arguments.csv ? RealismCsv(path, score) : RealismLine(path, score));
        }
        return !session->out.failed();
      });
  KANTEI_RETURN_IF_ERROR(session->out.Flush());
  if (outcome.done < files.size()) return Stopped(outcome.done, files.size());
  return outcome.failed > 0 ? kExitSomeFailed : kExitOk;
}

Result<int> RunFit(Session* session, const FitArguments& arguments) {
  const std::string& name = arguments.name;
  const bool plain =
      !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c >= 0x80;
      });
  if (!plain || name == "photo" || name == "drawn") {
    return Error{ErrorCode::kInvalidArgument,
                 "--name " + TerminalText(name) +
                     " cannot be used: take up to 64 letters, digits, '-' and '_', other than "
                     "the shipped names photo and drawn"};
  }
  KANTEI_TRY(const std::vector<fs::path> files, CollectPictures(arguments.directories));
  std::vector<RealismMeasures> all;
  all.reserve(files.size());
  BatchOutcome outcome;
  {
    Progress progress("measuring", files.size(), "pictures");
    outcome = MeasureFiles(session, files, &progress, [&](const fs::path&, const RealismMeasures& measures) {
      all.push_back(measures);
      return true;
    });
  }
  if (outcome.done < files.size()) return Stopped(outcome.done, files.size());
  KANTEI_TRY(const authenticity::RealismReference reference,
             authenticity::FitRealismReference(
                 name, std::to_string(all.size()) + " pictures, fitted by kantei " KANTEI_VERSION, all));
  const fs::path folder = DataHome() / "realism";
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    return Error{ErrorCode::kUnavailable, TerminalPath(folder) + " cannot be made: " + failure.message()};
  const fs::path file = folder / (name + ".json");
  KANTEI_RETURN_IF_ERROR(authenticity::SaveRealismReference(file, reference));
  if (session->json) {
    session->out.WriteLine(DumpJson(Json{{"name", name},
                                         {"pictures", reference.pictures},
                                         {"failed", outcome.failed},
                                         {"path", DisplayPath(file)}}));
  } else {
    session->out.WriteLine("Reference \"" + name + "\" from " + std::to_string(reference.pictures) +
                           " pictures: " + TerminalPath(file));
  }
  return outcome.failed > 0 ? kExitSomeFailed : kExitOk;
}

}  // namespace

void AddRealismCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand(
      "realism",
      "The Image Realism Score of each picture and its five measures; information, never a verdict");
  verb->require_subcommand(0, 1);
  auto arguments = std::make_shared<RealismArguments>();
  verb->add_option("FILE", arguments->files,
                   "Pictures, or directories of pictures (a directory named fit: ./fit)")
      ->type_name("");
  AddJsonOption(verb, session);
  verb->add_flag("--csv", arguments->csv, "Print CSV, one line a picture")
      ->excludes(verb->get_option("--json"));
  verb->add_option("--reference", arguments->reference,
                   "Pictures to compare with: photo, drawn, or a fitted name")
      ->type_name("NAME")
      ->capture_default_str();
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei realism --reference drawn drawings/");

  CLI::App* fit =
      verb->add_subcommand("fit", "Make an own reference from at least 20 pictures known to be real");
  auto fit_arguments = std::make_shared<FitArguments>();
  fit->add_option("DIR", fit_arguments->directories, "Directories of pictures")->required()->type_name("");
  fit->add_option("--name", fit_arguments->name, "Name for --reference")->required()->type_name("NAME");
  AddJsonOption(fit, session);
  AddJobsOption(fit, session);
  AddQuietOption(fit, session);
  SetExample(fit, "kantei realism fit my-photos/ --name mycatalogue");

  // CLI11 runs the callback of a sub-verb before its parent's: the sub-verb wins.
  verb->callback([session, verb, arguments] {
    if (verb->get_subcommands().empty())
      session->action = [session, arguments] { return RunRealism(session, *arguments); };
  });
  SetAction(fit, session, [session, fit_arguments] { return RunFit(session, *fit_arguments); });
}

}  // namespace kantei::cli
