#include <filesystem>
#include <memory>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/store/audit_store.h"

namespace kantei::cli {
namespace {

struct VerifyArguments {
  std::string database, head;
};

Result<int> RunAuditVerify(Session* session, const VerifyArguments& arguments) {
  std::filesystem::path file = arguments.database;
  std::error_code failure;
  if (std::filesystem::is_directory(file, failure))
    file /=
        std::filesystem::exists(file / "server.sqlite", failure) ? "server.sqlite" : "server/server.sqlite";
  KANTEI_TRY(store::AuditVerdict verdict, store::VerifyAuditFile(file, session->cancellation));
  if (!verdict.problem && !arguments.head.empty()) {
    KANTEI_TRY(const bool found, store::AuditFileHasHash(file, arguments.head));
    if (!found)
      verdict.problem = "no row has the hash of --head: rows at the end are missing, or it is another log";
  }
  if (session->json) {
    session->out.WriteLine(
        DumpJson(Json{{"path", DisplayPath(file)},
                      {"sound", !verdict.problem.has_value()},
                      {"rows", verdict.rows},
                      {"head", verdict.head},
                      {"problem", verdict.problem ? Json(*verdict.problem) : Json(nullptr)}}));
  } else if (verdict.problem) {
    session->out.WriteLine(TerminalPath(file) + ": NOT SOUND: " + TerminalText(*verdict.problem));
  } else {
    session->out.WriteLine(TerminalPath(file) + ": sound, " + std::to_string(verdict.rows) + " rows, head " +
                           verdict.head);
  }
  return verdict.problem ? kExitSomeFailed : kExitOk;
}

}  // namespace

void AddAuditCommand(CLI::App* root, Session* session) {
  CLI::App* verb = root->add_subcommand("audit", "The audit log of kantei serve");
  verb->require_subcommand(1);
  CLI::App* verify = verb->add_subcommand(
      "verify", "Recompute its chain of hashes; exit code 1 when a row was changed or is missing");
  auto arguments = std::make_shared<VerifyArguments>();
  verify->add_option("DB", arguments->database, "server.sqlite, or the directory of the library or server")
      ->required()
      ->type_name("");
  verify->add_option("--head", arguments->head, "A head printed earlier, which must still be in the log")
      ->type_name("HASH");
  AddJsonOption(verify, session);
  SetExample(verify, "kantei audit verify known/server/server.sqlite");
  SetAction(verify, session, [session, arguments] { return RunAuditVerify(session, *arguments); });
}

}  // namespace kantei::cli
