#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "kantei/base/clock.h"
#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/progress.h"
#include "kantei/cli/copy_options.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/generation_record_reader.h"
#include "kantei/cli/inspection_text.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/copy/detector.h"
#include "kantei/image/encode.h"
#include "kantei/inspect/inspector.h"
#include "kantei/inspect/report_html.h"
#include "kantei/inspect/report_json.h"
#include "kantei/store/catalog.h"

namespace kantei::cli {
namespace {

/// Every picture of an HTML report stays in memory until the page is written.
constexpr std::size_t kMaxHtmlPictures = 2000;

struct InspectArguments {
  std::vector<std::string> files;
  bool csv = false;
  bool no_copy = false, no_pixels = false;
  std::string detector, profile, mask_directory;
  CopyArguments copy;
  std::string html;
  std::string language = "en";
  std::string reference = "photo";
};

/// Null when copies are not looked for: by choice, or because nobody made a library yet (which is said once).
Result<std::unique_ptr<copy::CopyDetector>> OpenDetector(const Session& session,
                                                         const InspectArguments& arguments,
                                                         inspect::RunFacts* run) {
  if (arguments.no_copy) return std::unique_ptr<copy::CopyDetector>();
  const std::filesystem::path library = session.LibraryPath();
  auto catalog = store::Catalog::Open(library, store::OpenMode::kReadOnly);
  if (!catalog.ok()) {
    if (session.library_named || catalog.error().code != ErrorCode::kNotFound) return catalog.error();
    session.Say("No library in " + TerminalPath(library) +
                " yet, so copies are not looked for; make one with 'kantei library add DIR'.");
    return std::unique_ptr<copy::CopyDetector>();
  }
  run->library = DisplayPath(library);
  KANTEI_TRY(run->library_pictures, (*catalog)->Count({}));
  KANTEI_TRY(const copy::DetectorOptions options, DetectorOptionsOf(arguments.copy));
  return copy::CopyDetector::Open(library, options, session.cancellation);
}

/// Without a detector when pixels are not to be analysed, by choice or because no network is installed (which is said once).
Result<inspect::PixelDetector> OpenPixelDetector(const Session& session, const InspectArguments& arguments) {
  if (arguments.no_pixels) return inspect::PixelDetector();
  auto pixels = inspect::OpenPixelDetector(arguments.detector, arguments.profile,
                                           {.bfloat16 = arguments.copy.network.bfloat16});
  if (!pixels.ok() && arguments.detector.empty() && pixels.error().code == ErrorCode::kNotFound) {
    session.Say("Pixels are not analysed for AI making: " + TerminalText(pixels.error().message));
    return inspect::PixelDetector();
  }
  return pixels;
}

/// DIRECTORY/NAME.CHECK-MAP.png for each map. Pictures of one name in different folders are told apart by their digest.
Status WriteMaps(const std::filesystem::path& directory, const inspect::Inspection& inspection) {
  for (const inspect::CheckReport& check : inspection.checks) {
    for (const inspect::NamedMap& map : check.maps) {
      const std::string name = inspection.file.path.stem().string() + "-" +
                               inspection.file.sha256.substr(0, 8) + "." + check.key + "-" + map.name +
                               ".png";
      KANTEI_RETURN_IF_ERROR(image::WriteImage(directory / name, map.image));
    }
  }
  return {};
}

inspect::RunFacts DescribeRun(const InspectArguments& arguments) {
  inspect::RunFacts run;
  run.tool_version = KANTEI_VERSION;
  run.started_at = UtcNow();
  run.options = {{"copy", arguments.no_copy ? "no" : "yes"},
                 {"pixels", arguments.no_pixels ? "no" : "yes"},
                 {"reference", arguments.reference},
                 {"language", arguments.language},
                 {"working_side", std::to_string(inspect::InspectOptions{}.working_side)}};
  return run;
}

/// What went wrong with one picture, if anything did.
std::vector<std::string> Failures(const inspect::Inspection& inspection) {
  if (inspection.error) return {inspection.error->message};
  std::vector<std::string> messages;
  for (const inspect::CheckReport& check : inspection.checks) {
    if (check.error) messages.push_back(check.key + ": " + check.error->message);
  }
  return messages;
}

Result<int> RunInspect(Session* session, const InspectArguments& arguments) {
  const Language language = arguments.language == "ja" ? Language::kJapanese : Language::kEnglish;
  KANTEI_TRY(const std::vector<std::filesystem::path> files, CollectPictures(arguments.files));
  const bool html = !arguments.html.empty();
  if (html && files.size() > kMaxHtmlPictures) {
    return Error{ErrorCode::kTooLarge, "an HTML report of " + std::to_string(files.size()) +
                                           " pictures would have over " + std::to_string(kMaxHtmlPictures) +
                                           "; split the run, or use --json"};
  }

  inspect::RunFacts run = DescribeRun(arguments);
  KANTEI_TRY(const std::unique_ptr<copy::CopyDetector> detector, OpenDetector(*session, arguments, &run));
  inspect::InspectOptions options;
  options.realism_reference = arguments.reference;
  options.record_reader = ReadGenerationRecord;
  options.cancellation = session->cancellation;
  KANTEI_TRY(inspect::PixelDetector pixels, OpenPixelDetector(*session, arguments));
  KANTEI_TRY(auto checks, inspect::MakeStandardChecks(detector.get(), std::move(pixels), options));
  if (!arguments.mask_directory.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(arguments.mask_directory, failure);
    if (failure)
      return Error{ErrorCode::kUnavailable,
                   DisplayPath(arguments.mask_directory) + " cannot be made: " + failure.message()};
  }
  const inspect::Inspector inspector(std::move(checks), options);

  std::optional<Progress> progress;
  // Two writers on one terminal tear each other's lines: the records themselves show how far the work is.
  if (!session->out.IsTerminal()) progress.emplace("inspecting", files.size(), "pictures");
  if (arguments.csv) session->out.WriteLine(InspectionCsvHeader());

  std::vector<inspect::Inspection> kept;
  std::size_t done = 0, failed = 0;
  OrderedPipeline<inspect::Inspection>(
      files.size(), ThreadCount(session->jobs), session->cancellation,
      [&](std::size_t i) { return inspector.Inspect(files[i]); },
      [&](std::size_t, inspect::Inspection&& inspection) {
        ++done;
        std::vector<std::string> failures = Failures(inspection);
        if (!arguments.mask_directory.empty()) {
          const Status written = WriteMaps(arguments.mask_directory, inspection);
          if (!written.ok()) failures.push_back(written.error().message);
        }
        // Maps are as large as the pictures; what is kept for the page has its figures.
        for (inspect::CheckReport& check : inspection.checks) check.maps.clear();
        failed += failures.empty() ? 0 : 1;
        if (session->json) {
          session->out.WriteLine(DumpJson(inspect::ToJson(inspection, run)));
        } else if (arguments.csv) {
          session->out.WriteLine(InspectionCsv(inspection, language));
        } else {
          session->out.Write(InspectionText(inspection, language, session->out.Width()));
          if (arguments.copy.explain) session->out.Write(ExplainText(inspection));
        }
        (void)session->out.Flush();  // one record at a time, so that a pipe sees it at once
        for (const std::string& failure : failures) {
          const std::string line = "kantei: " + TerminalText(failure);
          if (progress) {
            progress->Say(line);
          } else {
            session->Complain(TerminalText(failure));
          }
        }
        if (progress) progress->Advance();
        if (html) kept.push_back(std::move(inspection));
        return !session->out.failed();
      });
  progress.reset();
  KANTEI_RETURN_IF_ERROR(session->out.Flush());

  if (html) {
    KANTEI_RETURN_IF_ERROR(WriteFileAtomic(arguments.html, inspect::RenderHtml(kept, run, language)));
    session->Say("Report of " + std::to_string(kept.size()) + " pictures: " + TerminalPath(arguments.html));
  }
  if (done < files.size()) {
    return Error{ErrorCode::kCancelled, "stopped on request after " + std::to_string(done) + " of " +
                                            std::to_string(files.size()) + " pictures"};
  }
  if (failed > 0) {
    session->Complain(std::to_string(failed) + " of " + std::to_string(files.size()) +
                      " pictures could not be fully inspected");
    return kExitSomeFailed;
  }
  return kExitOk;
}

}  // namespace

void AddInspectCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand(
      "inspect",
      "For each picture: is it a copy, what does the file declare, how real does it look, was it made by AI");
  auto arguments = std::make_shared<InspectArguments>();
  verb->add_option("FILE", arguments->files, "Pictures, or directories of pictures")
      ->required()
      ->type_name("");
  AddJsonOption(verb, session);
  CLI::Option* csv = verb->add_flag("--csv", arguments->csv, "Print CSV, one line a picture");
  csv->excludes(verb->get_option("--json"));
  verb->add_option("--html", arguments->html,
                   "Also write one self-contained HTML report; goes with any other output")
      ->type_name("OUT");
  verb->add_option("--lang", arguments->language, "Language of the text and of the report")
      ->check(CLI::IsMember({"en", "ja"}))
      ->type_name("LANG")
      ->capture_default_str();
  AddLibraryOption(verb, session);
  verb->add_flag("--no-copy", arguments->no_copy, "Do not look for copies");
  AddCopyOptions(verb, &arguments->copy);
  verb->add_flag("--no-pixels", arguments->no_pixels, "Do not look in the pixels for AI making and editing");
  verb->add_option("--detector", arguments->detector, "Weights that look for it instead of the shipped ones")
      ->type_name("FILE");
  verb->add_option("--profile", arguments->profile,
                   "Calibration of the detector (kantei calibrate), by default the one beside its weights")
      ->type_name("FILE");
  verb->add_option("--mask-dir", arguments->mask_directory,
                   "Save heat and confidence maps there as grey PNG of the picture's size")
      ->type_name("DIR");
  verb->add_option(
          "--reference", arguments->reference,
          "Pictures that realism is compared with: photo, drawn, or a name made by 'kantei realism fit'")
      ->type_name("NAME")
      ->capture_default_str();
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei inspect --library known --html report.html suspects/");
  SetAction(verb, session, [session, arguments] { return RunInspect(session, *arguments); });
}

}  // namespace kantei::cli
