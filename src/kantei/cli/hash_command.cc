#include <array>
#include <memory>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/json.h"
#include "kantei/base/parallel.h"
#include "kantei/cli/exit_code.h"
#include "kantei/cli/text_format.h"
#include "kantei/cli/verbs.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"
#include "kantei/image/transform.h"

namespace kantei::cli {
namespace {

/// The order of image::Dihedral: what is done to the picture before it is hashed.
constexpr std::array<const char*, 8> kVariants = {"original", "rotate90", "rotate180",  "rotate270",
                                                  "flip_x",   "flip_y",   "flip_plus1", "flip_minus1"};

struct HashArguments {
  std::vector<std::string> files;
  bool dihedral = false;
};

struct Hashed {
  Status status;
  copy::PdqDihedral hashes;
};

Hashed HashFile(const std::filesystem::path& path) {
  Hashed hashed;
  // As `library add` does it: both print the same hash.
  image::DecodeOptions options;
  options.max_longer_side = copy::kWorkingSide;
  auto decoded = image::DecodeImageFile(path, options);
  if (!decoded.ok()) {
    hashed.status = decoded.error();
    return hashed;
  }
  hashed.hashes =
      copy::ComputePdqDihedral(decoded->pixels, decoded->original_width, decoded->original_height);
  return hashed;
}

void Print(Session* session, const std::filesystem::path& path, const copy::PdqDihedral& hashes,
           bool dihedral) {
  if (session->json) {
    Json line{{"path", DisplayPath(path)}, {"pdq", hashes.codes[0].ToHex()}, {"quality", hashes.quality}};
    if (dihedral) {
      for (std::size_t v = 0; v < kVariants.size(); ++v)
        line["dihedral"][kVariants[v]] = hashes.codes[v].ToHex();
    }
    session->out.WriteLine(DumpJson(line));
    return;
  }
  const std::size_t variants = dihedral ? kVariants.size() : 1;
  for (std::size_t v = 0; v < variants; ++v) {
    std::string line = hashes.codes[v].ToHex() + "  " + std::to_string(hashes.quality) + "  ";
    if (dihedral) line += std::string(kVariants[v]) + "  ";
    session->out.WriteLine(line + TerminalPath(path));
  }
}

Result<int> RunHash(Session* session, const HashArguments& arguments) {
  KANTEI_TRY(const std::vector<std::filesystem::path> files, CollectPictures(arguments.files));
  std::size_t done = 0, failed = 0;
  OrderedPipeline<Hashed>(
      files.size(), ThreadCount(session->jobs), session->cancellation,
      [&](std::size_t i) { return HashFile(files[i]); },
      [&](std::size_t i, Hashed&& hashed) {
        ++done;
        if (hashed.status.ok()) {
          Print(session, files[i], hashed.hashes, arguments.dihedral);
        } else {
          ++failed;
          session->Complain(TerminalText(hashed.status.error().message));
        }
        return !session->out.failed();
      });
  KANTEI_RETURN_IF_ERROR(session->out.Flush());
  if (done < files.size())
    return Error{ErrorCode::kCancelled, "stopped on request after " + std::to_string(done) + " pictures"};
  return failed > 0 ? kExitSomeFailed : kExitOk;
}

}  // namespace

void AddHashCommand(CLI::App* root, Session* session) {
  CLI::App* verb =
      root->add_subcommand("hash", "Print the PDQ hash of each picture and its quality (0 to 100)");
  auto arguments = std::make_shared<HashArguments>();
  verb->add_option("FILE", arguments->files, "Pictures, or directories of pictures")
      ->required()
      ->type_name("");
  verb->add_flag("--dihedral", arguments->dihedral,
                 "Also the hashes of the turned and mirrored picture, eight in all");
  AddJsonOption(verb, session);
  AddJobsOption(verb, session);
  SetExample(verb, "kantei hash --dihedral photo.jpg");
  SetAction(verb, session, [session, arguments] { return RunHash(session, *arguments); });
}

}  // namespace kantei::cli
