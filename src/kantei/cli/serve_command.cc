#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/cli/copy_options.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/server/server.h"

namespace kantei::cli {
namespace {

struct ServeArguments {
  server::HttpOptions http;
  server::ServiceOptions service;
  std::string data, certificate, key, detector, profile;
  std::string reference = "photo";
  bool no_pixels = false;
  int upload_mb = 64;
  CopyArguments copy;
};

Result<server::ServerOptions> OptionsOf(const Session& session, const ServeArguments& arguments) {
  server::ServerOptions options;
  options.http = arguments.http;
  options.http.certificate = arguments.certificate;
  options.http.key = arguments.key;
  options.engine.library = session.LibraryPath();
  KANTEI_TRY(options.engine.copy, DetectorOptionsOf(arguments.copy));
  options.engine.pixels = !arguments.no_pixels;
  options.engine.detector = arguments.detector;
  options.engine.profile = arguments.profile;
  options.engine.inspect.realism_reference = arguments.reference;
  options.service = arguments.service;
  options.service.workers = session.jobs;
  options.service.upload_bytes = static_cast<std::uint64_t>(arguments.upload_mb) << 20;
  options.service.request_bytes =
      std::max(options.service.request_bytes, options.service.upload_bytes + (1 << 20));
  options.engine.inspect.limits.max_file_bytes = options.service.upload_bytes;
  options.service.data =
      arguments.data.empty() ? session.LibraryPath() / "server" : std::filesystem::path(arguments.data);
  return options;
}

Result<int> RunServe(Session* session, const ServeArguments& arguments) {
  KANTEI_TRY(const server::ServerOptions options, OptionsOf(*session, arguments));
  KANTEI_TRY(const std::unique_ptr<server::Server> running,
             server::Server::Start(options, session->cancellation));
  const bool six = options.http.host.find(':') != std::string::npos;
  const std::string address = std::string(options.http.certificate.empty() ? "http" : "https") + "://" +
                              (six ? "[" + options.http.host + "]" : options.http.host) + ":" +
                              std::to_string(running->port()) + "/";
  if (const auto password = running->first_password()) {
    session->out.WriteLine("First start: log in as admin with the one-time password " + *password);
    session->out.WriteLine("It must be changed at the first login and is not shown again.");
  }
  session->out.WriteLine("Kantei answers at " + address + " for the library " +
                         TerminalPath(options.engine.library) + "; Ctrl-C stops it");
  KANTEI_RETURN_IF_ERROR(session->out.Flush());
  while (!session->cancellation.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  session->Say("Stopping: what is being inspected ends, what waits is kept for the next start.");
  running->Stop();
  return kExitOk;
}

}  // namespace

void AddServeCommand(CLI::App* root, Session* session) {
  CLI::App* verb =
      root->add_subcommand("serve", "Answer over HTTP: the review console and the API (docs/api.md)");
  auto arguments = std::make_shared<ServeArguments>();
  AddLibraryOption(verb, session);
  verb->add_option("--data", arguments->data,
                   "Directory of accounts, cases and uploads (default: server, in the library's directory)")
      ->type_name("DIR");
  verb->add_option("--host", arguments->http.host,
                   "Address to listen on; others than loopback need TLS or --behind-proxy")
      ->type_name("ADDRESS")
      ->capture_default_str();
  arguments->http.port = 8787;
  verb->add_option("--port", arguments->http.port, "Port, 0 for any free one")
      ->check(CLI::Range(0, 65'535))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--certificate", arguments->certificate, "Certificate chain for TLS, PEM")
      ->type_name("FILE");
  verb->add_option("--key", arguments->key, "Its key, PEM")->type_name("FILE");
  verb->add_flag("--behind-proxy", arguments->http.behind_proxy,
                 "A proxy in front does TLS: believe its X-Forwarded-For and X-Forwarded-Proto");
  verb->add_option("--threads", arguments->http.threads, "Connections that are served at once")
      ->check(CLI::Range(4, 4096))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--upload-limit", arguments->upload_mb, "Largest picture, in MiB")
      ->check(CLI::Range(1, 256))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--queue-limit", arguments->service.queue_limit, "Pictures that may wait")
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--job-days", arguments->service.job_days, "Days for which ended jobs are listed")
      ->check(CLI::Range(1, 3650))
      ->type_name("N")
      ->capture_default_str();
  verb->add_option("--requests-per-minute", arguments->service.requests_per_minute,
                   "Of one person, or one key that has no limit of its own")
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N")
      ->capture_default_str();
  verb->add_flag("--webhooks-private", arguments->service.webhooks_private,
                 "Webhooks may call addresses of private networks and this machine");
  AddCopyOptions(verb, &arguments->copy);
  verb->add_flag("--no-pixels", arguments->no_pixels, "Do not look in the pixels for AI making and editing");
  verb->add_option("--detector", arguments->detector, "Weights that look for it instead of the shipped ones")
      ->type_name("FILE");
  verb->add_option("--profile", arguments->profile,
                   "Calibration of the detector, by default the one beside its weights")
      ->type_name("FILE");
  verb->add_option("--reference", arguments->reference, "Pictures that realism is compared with")
      ->type_name("NAME")
      ->capture_default_str();
  AddJobsOption(verb, session);
  AddQuietOption(verb, session);
  SetExample(verb, "kantei serve --library known");
  SetAction(verb, session, [session, arguments] { return RunServe(session, *arguments); });
}

}  // namespace kantei::cli
