#include "kantei/cli/session.h"

#include <array>
#include <iostream>
#include <memory>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/cli/text_format.h"

namespace kantei::cli {
namespace fs = std::filesystem;

fs::path Session::LibraryPath() const {
  return library.empty() ? DataHome() / "library" : fs::path(library);
}

void Session::Say(std::string_view line) const {
  if (!quiet) std::cerr << line << '\n';
}

void Session::Complain(std::string_view line) {
  std::cerr << "kantei: " << line << '\n';
}

void AddJsonOption(CLI::App* verb, Session* session) {
  verb->add_flag("--json", session->json, "Print JSON, one object a line");
}

void AddQuietOption(CLI::App* verb, Session* session) {
  verb->add_flag("-q,--quiet", session->quiet, "No progress bar and no talk; failures are still named");
}

void AddJobsOption(CLI::App* verb, Session* session) {
  verb->add_option("-j,--jobs", session->jobs, "Threads, 0 for all cores")
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->default_str("0");
}

void AddLibraryOption(CLI::App* verb, Session* session) {
  verb->add_option_function<std::string>(
          "--library",
          [session, verb](const std::string& path) {
            // CLI11 hands the environment to every verb of the tree, also to those that were not named.
            if (!verb->parsed()) return;
            session->library = path;
            session->library_named = true;
          },
          "The library's directory; by default kantei/library under XDG_DATA_HOME (~/.local/share)")
      ->envname("KANTEI_LIBRARY")
      ->type_name("PATH");
}

void SetExample(CLI::App* verb, const std::string& example) {
  verb->footer("Example:\n  " + example);
}

void SetAction(CLI::App* verb, Session* session, Action action) {
  verb->callback([session, run = std::move(action)] { session->action = run; });
}

Result<std::vector<fs::path>> CollectPictures(const std::vector<std::string>& arguments) {
  std::vector<fs::path> pictures;
  for (const std::string& argument : arguments) {
    const fs::path root = argument;
    std::error_code unreadable;
    if (!fs::is_directory(root, unreadable)) {
      pictures.push_back(root);
      continue;
    }
    KANTEI_TRY(std::vector<fs::path> found, ListFiles(std::array{root}));
    for (fs::path& file : found) {
      if (HasImageExtension(file)) pictures.push_back(std::move(file));
    }
  }
  if (pictures.empty()) {
    return Error{
        ErrorCode::kNotFound,
        TerminalPath(arguments.front()) +
            " holds no pictures; expected files ending in jpg, png, webp, gif, tiff, bmp, avif or heic"};
  }
  return pictures;
}

}  // namespace kantei::cli
