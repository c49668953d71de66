#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/sha256.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/server/http_client.h"

namespace kantei::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxPicture = 256 << 20;
constexpr const char* kSentList = ".kantei-watch";  // hidden, so that it is no picture of the folder

struct WatchArguments {
  std::string directory, server = "http://127.0.0.1:8787", key_file, labels;
  int seconds = 2;
  bool once = false;
};

/// Sends pictures of a folder to a server's queue, each content once, also across restarts.
class Watcher {
 public:
  Watcher(Session* session, const WatchArguments& arguments, std::string key)
      : session_(session),
        arguments_(arguments),
        key_(std::move(key)),
        client_(arguments.server, {.seconds = 60}) {
    std::ifstream list(SentPath());
    for (std::string line; std::getline(list, line);) sent_.insert(line.substr(0, 64));
  }

  /// One look at the folder; a file is sent when it was the same at the look before.
  Status Look() {
    KANTEI_TRY(const std::vector<fs::path> files, ListFiles(std::array{fs::path(arguments_.directory)}));
    std::map<fs::path, Stamp> now;
    for (const fs::path& file : files) {
      if (!HasImageExtension(file)) continue;
      std::error_code failure;
      const Stamp stamp{fs::file_size(file, failure), fs::last_write_time(file, failure)};
      if (failure) continue;  // gone meanwhile
      const auto before = seen_.find(file);
      const bool settled = (before != seen_.end() && before->second == stamp) || arguments_.once;
      now[file] = stamp;
      if (settled && !done_.contains({file, stamp})) KANTEI_RETURN_IF_ERROR(Send(file, stamp));
      KANTEI_RETURN_IF_ERROR(session_->cancellation.Check());
    }
    seen_ = std::move(now);
    return {};
  }
  std::size_t sent() const { return count_; }

 private:
  using Stamp = std::pair<std::uintmax_t, fs::file_time_type>;

  fs::path SentPath() const { return fs::path(arguments_.directory) / kSentList; }

  Status Send(const fs::path& file, const Stamp& stamp) {
    auto bytes = ReadTextFile(file, kMaxPicture);
    if (!bytes.ok()) {
      session_->Complain(TerminalText(bytes.error().message));
      done_.insert({file, stamp});
      return {};
    }
    const std::string digest = Sha256Hex(std::string_view(*bytes));
    if (sent_.contains(digest)) {
      done_.insert({file, stamp});
      return {};
    }
    std::vector<server::HttpClient::File> parts = {
        {"picture", DisplayPath(file.filename()), std::move(*bytes)}, {"mode", "", "job"}};
    if (!arguments_.labels.empty()) parts.push_back({"labels", "", arguments_.labels});
    const auto answer = client_.SendFiles(
        "/api/v1/inspections", parts, {{"Authorization", "Bearer " + key_}, {"X-Kantei-Source", "watch"}});
    // A server that is away or full is asked again at the next look.
    if (!answer.ok() || answer->status == 429 || answer->status >= 500) {
      session_->Complain(
          "the server does not take pictures now (" +
          (answer.ok() ? std::to_string(answer->status) : TerminalText(answer.error().message)) +
          "); trying again");
      return {};
    }
    if (answer->status == 401 || answer->status == 403)
      return Error{ErrorCode::kInvalidArgument,
                   "the server refuses the key; it needs the scope inspect and an owner who may inspect"};
    done_.insert({file, stamp});
    if (answer->status != 202) {
      session_->Complain(TerminalPath(file) + " was refused with " + std::to_string(answer->status));
      return {};
    }
    std::ofstream list(SentPath(), std::ios::app);
    list << digest << ' ' << DisplayPath(file.filename()) << '\n';
    if (!list.flush()) return FileError(SentPath(), "cannot be written");
    sent_.insert(digest);
    ++count_;
    const auto job = ParseJson(answer->body, "the answer");
    const std::string id = job.ok() && job->contains("job_id") ? (*job)["job_id"].dump() : "?";
    session_->out.WriteLine("job " + id + "  " + TerminalPath(file));
    return session_->out.Flush();
  }

  Session* session_;
  const WatchArguments& arguments_;
  std::string key_;
  server::HttpClient client_;
  std::map<fs::path, Stamp> seen_;
  std::set<std::pair<fs::path, Stamp>> done_;
  std::set<std::string> sent_;
  std::size_t count_ = 0;
};

Result<int> RunWatch(Session* session, const WatchArguments& arguments) {
  std::error_code failure;
  if (!fs::is_directory(arguments.directory, failure))
    return Error{ErrorCode::kNotFound, TerminalPath(arguments.directory) + " is no directory"};
  KANTEI_RETURN_IF_ERROR(server::ParseUrl(arguments.server));
  KANTEI_TRY(std::string key, ReadTextFile(arguments.key_file, 4096));
  while (!key.empty() && static_cast<unsigned char>(key.back()) <= ' ') key.pop_back();
  Watcher watcher(session, arguments, key);
  while (!session->cancellation.cancelled()) {
    const Status looked = watcher.Look();
    if (!looked.ok() && looked.error().code != ErrorCode::kCancelled) return looked.error();
    if (arguments.once) break;
    for (int i = 0; i < 10 * arguments.seconds && !session->cancellation.cancelled(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  session->Say(std::to_string(watcher.sent()) + " pictures were sent.");
  return kExitOk;
}

}  // namespace

void AddWatchCommand(CLI::App* root, Session* session) {
  CLI::App* verb =
      root->add_subcommand("watch", "Send new pictures of a folder to the queue of a running kantei serve");
  auto arguments = std::make_shared<WatchArguments>();
  verb->add_option("DIR", arguments->directory, "The folder, with those below it")->required()->type_name("");
  verb->add_option("--server", arguments->server, "Where it answers")
      ->type_name("URL")
      ->capture_default_str();
  verb->add_option("--key-file", arguments->key_file, "File that holds an API key with the scope inspect")
      ->required()
      ->type_name("FILE");
  verb->add_option("--labels", arguments->labels, "Labels of the inspections, comma-separated")
      ->type_name("LABEL,...");
  verb->add_option("--every", arguments->seconds, "Seconds between two looks")
      ->check(CLI::Range(1, 3600))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--once", arguments->once, "Send what is there and end");
  AddQuietOption(verb, session);
  SetExample(verb, "kantei watch inbox/ --key-file key.txt");
  SetAction(verb, session, [session, arguments] { return RunWatch(session, *arguments); });
}

}  // namespace kantei::cli
