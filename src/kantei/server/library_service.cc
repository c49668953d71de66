#include "kantei/server/library_service.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/pdq.h"
#include "kantei/store/case_store.h"
#include "kantei/store/hamming_index.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLookAgain{2};  // other processes change the library, too
constexpr const char* kMatchedUpTo = "retroactive.matched_up_to";

}  // namespace

LibraryService::LibraryService(Engine* engine, store::ServerDatabase* database, fs::path originals,
                               std::function<void(const store::RetroactiveMatch&)> matched)
    : engine_(engine), database_(database), originals_(std::move(originals)), matched_(std::move(matched)) {}

Result<std::unique_ptr<LibraryService>> LibraryService::Open(
    Engine* engine, store::ServerDatabase* database, fs::path originals,
    std::function<void(const store::RetroactiveMatch&)> matched) {
  std::unique_ptr<LibraryService> service(
      new LibraryService(engine, database, std::move(originals), std::move(matched)));
  KANTEI_TRY(service->reader_, store::Catalog::Open(engine->options().library, store::OpenMode::kReadOnly));
  KANTEI_TRY(const auto matched_up_to, database->GetSetting(kMatchedUpTo));
  if (!matched_up_to) {
    // A new server has inspected nothing before: nothing of the library is news to it.
    KANTEI_TRY(const store::Checkpoint now, service->reader_->CurrentCheckpoint());
    KANTEI_RETURN_IF_ERROR(database->SetSetting(kMatchedUpTo, std::to_string(now.last_picture_id)));
  }
  service->thread_ = std::thread([raw = service.get()] { raw->Loop(); });
  return service;
}

LibraryService::~LibraryService() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status LibraryService::Change(const std::function<Status(store::Catalog&)>& write) {
  {
    const std::lock_guard lock(write_mutex_);
    KANTEI_TRY(const auto catalog,
               store::Catalog::Open(engine_->options().library, store::OpenMode::kReadWrite));
    KANTEI_RETURN_IF_ERROR(write(*catalog));
  }
  {
    const std::lock_guard lock(mutex_);
    changed_ = true;
  }
  wake_.notify_all();
  return {};
}

Result<LibraryService::Added> LibraryService::Add(const std::vector<Upload>& uploads,
                                                  copy::EnrollOptions options) {
  KANTEI_TRY(options.descriptor, engine_->descriptor_model());
  options.limits = engine_->options().inspect.limits;
  Added added;
  std::vector<fs::path> kept;
  std::map<std::string, std::string> names;  // kept path -> file name
  for (const Upload& upload : uploads) {
    // Named by content: the same picture twice is one file, and no name from outside becomes a path but as its last part.
    KANTEI_TRY(const std::string digest, Sha256File(upload.file));
    const fs::path folder = originals_ / digest.substr(0, 2) / digest;
    std::error_code failure;
    fs::create_directories(folder, failure);
    const fs::path target = fs::absolute(folder / upload.file_name, failure).lexically_normal();
    if (!fs::exists(target, failure)) fs::copy_file(upload.file, target, failure);
    if (failure) return Error{ErrorCode::kUnavailable, "the picture cannot be kept: " + failure.message()};
    kept.push_back(target);
    names[target.native()] = upload.file_name;
  }
  copy::EnrollSummary summary;
  std::vector<std::int64_t> before;
  KANTEI_RETURN_IF_ERROR(Change([&](store::Catalog& catalog) -> Status {
    KANTEI_TRY(const store::Checkpoint start, catalog.CurrentCheckpoint());
    KANTEI_TRY(summary, copy::EnrollFiles(&catalog, kept, options, CancellationToken(), nullptr));
    store::PictureFilter filter;
    filter.after_id = start.last_picture_id;
    return catalog.List(filter, [&](const store::Picture& picture) {
      added.pictures.push_back(picture);
      return true;
    });
  }));
  added.already_known = summary.already_known;
  for (copy::EnrollFailure& failure : summary.failures) {
    const std::string name = names[failure.path.native()];
    // The message names our path; the client knows its own name.
    std::string& message = failure.error.message;
    const std::string path = DisplayPath(failure.path);
    if (const std::size_t at = message.find(path); at != std::string::npos)
      message.replace(at, path.size(), name);
    added.failures.push_back({name, failure.error});
    std::error_code ignored;
    fs::remove(failure.path, ignored);
  }
  return added;
}

Result<store::BankKind> LibraryService::KindOf(const std::string& bank) {
  KANTEI_TRY(const std::vector<store::Bank> banks,
             With([](store::Catalog& catalog) { return catalog.Banks(); }));
  for (const store::Bank& known : banks)
    if (known.name == bank) return known.kind;
  return Error{ErrorCode::kNotFound, "there is no bank of this name"};
}

void LibraryService::Loop() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kLookAgain, [&] { return stopping_ || changed_; });
      if (stopping_) return;
      changed_ = false;
    }
    const auto refreshed = engine_->Refresh();
    if (!refreshed.ok()) {
      LogWarning("the library cannot be opened anew: " + refreshed.error().message);
      continue;
    }
    const Status matched = MatchRetroactively();
    if (!matched.ok()) LogWarning("earlier inspections were not looked through: " + matched.error().message);
  }
}

Status LibraryService::MatchRetroactively() {
  KANTEI_TRY(const auto setting, database_->GetSetting(kMatchedUpTo));
  const std::int64_t from = std::stoll(setting.value_or("0"));
  std::vector<store::Picture> fresh;
  store::PictureFilter filter;
  filter.after_id = from;
  filter.limit = 256;  // the hashes of all cases are scanned once for a batch
  KANTEI_RETURN_IF_ERROR(With([&](store::Catalog& catalog) {
    return catalog.List(filter, [&](const store::Picture& picture) {
      fresh.push_back(picture);
      return true;
    });
  }));
  if (fresh.empty()) return {};
  KANTEI_TRY(const auto hashes, store::Cases(database_).Hashes(copy::kPdqTrustedQuality));
  std::vector<Code256> codes;
  for (const auto& row : hashes) codes.push_back(row.pdq);
  std::vector<Code256> queries;
  for (const store::Picture& picture : fresh) queries.push_back(picture.pdq);
  std::map<std::string, store::BankKind> kinds;
  KANTEI_TRY(const auto banks, With([](store::Catalog& catalog) { return catalog.Banks(); }));
  for (const store::Bank& bank : banks) kinds[bank.name] = bank.kind;
  for (const store::HammingHit& hit : store::HammingScan(codes, queries, copy::kPdqMatchDistance)) {
    const store::Picture& picture = fresh[hit.query];
    if (picture.pdq_quality < copy::kPdqTrustedQuality || kinds[picture.bank] == store::BankKind::kIgnore)
      continue;
    store::RetroactiveMatch match;
    match.inspection_id = hashes[hit.position].inspection_id;
    match.picture_id = picture.picture_id;
    match.label = picture.label;
    match.bank = picture.bank;
    match.pdq_distance = hit.distance;
    KANTEI_TRY(const bool added, store::Review(database_).AddRetroactive(match));
    if (added && matched_) matched_(match);
  }
  KANTEI_RETURN_IF_ERROR(database_->SetSetting(kMatchedUpTo, std::to_string(fresh.back().picture_id)));
  const std::lock_guard lock(mutex_);
  changed_ = changed_ || fresh.size() == static_cast<std::size_t>(filter.limit);
  return {};
}

}  // namespace kantei::server
