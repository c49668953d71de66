// Answers about pictures that are kept nowhere.
#include <array>
#include <semaphore>

#include "kantei/base/files.h"
#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/pair_verification.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/decode.h"
#include "kantei/inspect/check_realism.h"
#include "kantei/inspect/copy_words.h"
#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/upload.h"

namespace kantei::server {
namespace {

/// The order of image::Dihedral.
constexpr std::array<const char*, 8> kVariants = {"original", "rotate90", "rotate180",  "rotate270",
                                                  "flip_x",   "flip_y",   "flip_plus1", "flip_minus1"};
constexpr int kMaxRadius = 64, kMaxMatches = 100;

/// As many pictures at once as there are cores; the others wait for their turn, with little memory.
class Turn {
 public:
  Turn() { Places().acquire(); }
  ~Turn() { Places().release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static std::counting_semaphore<1024>& Places() {
    static std::counting_semaphore<1024> places(ThreadCount(0));
    return places;
  }
};

struct SentPicture {
  Bytes bytes;
  std::string sha256;
  image::DecodedImage decoded;
};

Result<SentPicture> ReadPicture(Call& call, std::string_view field, int side) {
  KANTEI_TRY(const std::vector<Part*> files, FilesOf(call.request, field, 1));
  const image::DecodeLimits& limits = call.app.engine->options().inspect.limits;
  SentPicture sent;
  KANTEI_TRY(sent.bytes, ReadFile(files.front()->spooled, limits.max_file_bytes));
  sent.sha256 = Sha256Hex(std::span<const std::byte>(sent.bytes));
  KANTEI_TRY(sent.decoded, image::DecodeImage(sent.bytes, files.front()->file_name, {limits, side}));
  return sent;
}

Json SizeJson(const SentPicture& sent) {
  return {{"sha256", sent.sha256},
          {"width", sent.decoded.original_width},
          {"height", sent.decoded.original_height}};
}

Result<Json> LookUpJson(const Snapshot& snapshot, const std::string& text, int radius, int max) {
  KANTEI_TRY(const Code256 pdq, Code256::FromHex(text));
  KANTEI_TRY(const auto matches, snapshot.detector->FindHash(pdq, radius, max));
  Json json{{"pdq", pdq.ToHex()}, {"matches", Json::array()}};
  for (const auto& match : matches)
    json["matches"].push_back({{"picture_id", match.picture.picture_id},
                               {"bank", match.picture.bank},
                               {"bank_kind", store::BankKindName(match.bank_kind)},
                               {"label", match.picture.label},
                               {"owner", match.picture.owner},
                               {"source", match.picture.source},
                               {"pdq_distance", match.distance},
                               {"pdq_quality", match.picture.pdq_quality}});
  return json;
}

}  // namespace

Reply HashPicture(Call& call) {
  const Turn turn;
  KANTEI_TRY(const SentPicture sent, ReadPicture(call, "picture", copy::kWorkingSide));
  const copy::PdqDihedral hashes = copy::ComputePdqDihedral(sent.decoded.pixels, sent.decoded.original_width,
                                                            sent.decoded.original_height);
  Json json{{"sha256", sent.sha256}, {"pdq", hashes.codes[0].ToHex()}, {"pdq_quality", hashes.quality}};
  for (std::size_t v = 0; v < kVariants.size(); ++v) json["dihedral"][kVariants[v]] = hashes.codes[v].ToHex();
  json["width"] = sent.decoded.original_width;
  json["height"] = sent.decoded.original_height;
  json["format"] = image::FormatName(sent.decoded.format);
  return JsonResponse(json);
}

Reply LookUp(Call& call) {
  const auto pdq = call.request.Query("pdq");
  if (!pdq) return BadRequest("pdq is missing");
  KANTEI_TRY(const std::int64_t radius,
             QueryInteger(call.request, "radius", 0, kMaxRadius, copy::kPdqMatchDistance));
  KANTEI_TRY(const std::int64_t max, QueryInteger(call.request, "max", 1, kMaxMatches, 10));
  KANTEI_TRY(const Json json,
             LookUpJson(*call.app.engine->snapshot(), *pdq, static_cast<int>(radius), static_cast<int>(max)));
  return JsonResponse(json);
}

Reply LookUpMany(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::int64_t radius, body.Integer("radius", 0, kMaxRadius, copy::kPdqMatchDistance));
  KANTEI_TRY(const std::int64_t max, body.Integer("max", 1, kMaxMatches, 10));
  if (!body.Has("hashes") || !body.json()["hashes"].is_array() || body.json()["hashes"].empty() ||
      body.json()["hashes"].size() > 1000)
    return BadRequest("hashes must be a list of 1 to 1000 PDQ hashes");
  const std::shared_ptr<const Snapshot> snapshot = call.app.engine->snapshot();
  Json results = Json::array();
  for (const Json& hash : body.json()["hashes"]) {
    if (!hash.is_string()) return BadRequest("a hash must be text of 64 hexadecimal digits");
    KANTEI_TRY(Json result, LookUpJson(*snapshot, hash.get<std::string>(), static_cast<int>(radius),
                                       static_cast<int>(max)));
    results.push_back(std::move(result));
  }
  return JsonResponse({{"results", std::move(results)}});
}

Reply SearchPicture(Call& call) {
  const Turn turn;
  KANTEI_TRY(const SentPicture sent, ReadPicture(call, "picture", copy::kWorkingSide));
  const std::shared_ptr<const Snapshot> snapshot = call.app.engine->snapshot();
  KANTEI_TRY(const copy::CopyFindings findings,
             snapshot->detector->Find(sent.decoded.pixels, sent.decoded.original_width,
                                      sent.decoded.original_height));
  const auto list = [&](const std::vector<copy::CopyMatch>& matches) {
    Json json = Json::array();
    for (const copy::CopyMatch& match : matches) {
      json.push_back(inspect::MatchJson(match, sent.sha256));
      // Where the library lies is told to administrators alone.
      if (call.who.user.role != store::Role::kAdministrator)
        json.back()["path"] = DisplayPath(std::filesystem::path(match.picture.path).filename());
    }
    return json;
  };
  return JsonResponse({{"sha256", sent.sha256},
                       {"band", BandName(findings.band)},
                       {"matches", list(findings.matches)},
                       {"silenced", list(findings.silenced)},
                       {"library_pictures", findings.library_pictures}});
}

Reply ComparePictures(Call& call) {
  const Turn turn;
  KANTEI_TRY(const SentPicture a, ReadPicture(call, "a", copy::kWorkingSide));
  KANTEI_TRY(const SentPicture b, ReadPicture(call, "b", copy::kWorkingSide));
  const copy::PreparedQuery query =
      copy::PrepareQuery(a.decoded.pixels, a.decoded.original_width, a.decoded.original_height);
  KANTEI_TRY(const copy::StoredKnown stored,
             copy::StoreKnown(b.decoded.pixels, b.decoded.original_width, b.decoded.original_height));
  KANTEI_TRY(const copy::PreparedKnown known, copy::PrepareKnown(stored));
  const copy::PairFindings findings = copy::VerifyPair(query, known);
  copy::CopyMatch match;
  match.regions = findings.regions;
  return JsonResponse({{"band", BandName(findings.band)},
                       {"similarity", findings.similarity},
                       {"pdq_distance", findings.pdq_distance},
                       {"regions", inspect::MatchJson(match, "")["regions"]},
                       {"a", SizeJson(a)},
                       {"b", SizeJson(b)}});
}

Reply MeasureRealism(Call& call) {
  const Turn turn;
  KANTEI_TRY(std::string reference, FieldOf(call.request, "reference", 64));
  if (reference.empty()) reference = "photo";
  KANTEI_TRY(const SentPicture sent,
             ReadPicture(call, "picture", call.app.engine->options().inspect.working_side));
  KANTEI_TRY(const auto check, inspect::MakeRealismCheck(reference));
  const std::vector<inspect::CheckReport> none;
  const inspect::CheckReport report =
      check->Run({sent.bytes, &sent.decoded, &none, sent.sha256, std::filesystem::path("picture")});
  if (report.error) return *report.error;
  Json json;
  for (const char* name : {"reference", "irs", "irs_percentile", "robust", "robust_percentile"})
    json[name] = report.json[name];
  json["enlarged"] = authenticity::RealismEnlarges(sent.decoded.pixels.width(), sent.decoded.pixels.height());
  for (const auto& [key, value] : report.json["measures"].items())
    json["measures"][key] = {{"value", value},
                             {"radius", report.json["radii"][key]},
                             {"percentile", report.json["percentiles"][key]}};
  return JsonResponse(json);
}

}  // namespace kantei::server
