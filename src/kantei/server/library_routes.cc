#include <map>

#include "kantei/base/files.h"
#include "kantei/server/case_json.h"
#include "kantei/server/routes.h"
#include "kantei/server/upload.h"
#include "kantei/store/hash_list.h"

namespace kantei::server {
namespace {

constexpr std::size_t kMaxBulk = 1000;

using Kinds = std::map<std::string, store::BankKind>;

Result<Kinds> BankKinds(App& app) {
  KANTEI_TRY(const auto banks, app.library->With([](store::Catalog& catalog) { return catalog.Banks(); }));
  Kinds kinds;
  for (const store::Bank& bank : banks) kinds[bank.name] = bank.kind;
  return kinds;
}

bool SeesPaths(const Call& call) {
  return call.who.user.role == store::Role::kAdministrator;
}

Json BankJson(const store::Bank& bank) {
  return {{"name", bank.name}, {"kind", store::BankKindName(bank.kind)}, {"pictures", bank.pictures}};
}

}  // namespace

Reply ListBanks(Call& call) {
  KANTEI_TRY(const auto banks,
             call.app.library->With([](store::Catalog& catalog) { return catalog.Banks(); }));
  Json items = Json::array();
  for (const store::Bank& bank : banks) items.push_back(BankJson(bank));
  return JsonResponse(ListJson(std::move(items)));
}

Reply AddBank(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::string name, body.Text("name", 64));
  KANTEI_TRY(const std::string kind_name, body.Text("kind", 16));
  KANTEI_TRY(const store::BankKind kind, store::ParseBankKind(kind_name));
  if (name.empty() || name.find_first_of(":\n\r\t") != std::string::npos)
    return BadRequest("name must be 1 to 64 bytes without colon");
  if (call.app.library->KindOf(name).ok()) return Conflict("there is a bank of this name already");
  KANTEI_RETURN_IF_ERROR(
      call.app.library->Change([&](store::Catalog& catalog) { return catalog.EnsureBank(name, kind); }));
  KANTEI_RETURN_IF_ERROR(call.Audit("library.bank", "bank:" + name, {{"kind", kind_name}}));
  store::Bank made;
  made.name = name;
  made.kind = kind;
  return JsonResponse(BankJson(made), 201);
}

Reply ListPictures(Call& call) {
  store::PictureFilter filter;
  KANTEI_TRY(filter.bank, QueryText(call.request, "bank", 64));
  KANTEI_TRY(filter.label, QueryText(call.request, "label", 256));
  KANTEI_TRY(filter.text, QueryText(call.request, "text", 200));
  KANTEI_TRY(filter.added_from, QueryTime(call.request, "from"));
  KANTEI_TRY(filter.added_to, QueryTime(call.request, "to"));
  KANTEI_TRY(filter.before_id, QueryCursor(call.request));
  KANTEI_TRY(const int limit, QueryLimit(call.request));
  filter.newest_first = true;
  filter.limit = limit + 1;
  KANTEI_TRY(const Kinds kinds, BankKinds(call.app));
  std::vector<store::Picture> pictures;
  KANTEI_RETURN_IF_ERROR(call.app.library->With([&](store::Catalog& catalog) {
    return catalog.List(filter, [&](const store::Picture& picture) {
      pictures.push_back(picture);
      return true;
    });
  }));
  std::optional<std::string> next;
  if (pictures.size() > static_cast<std::size_t>(limit)) {
    pictures.pop_back();
    next = std::to_string(pictures.back().picture_id);
  }
  Json items = Json::array();
  for (const store::Picture& picture : pictures)
    items.push_back(PictureJson(picture, kinds.at(picture.bank), SeesPaths(call)));
  return JsonResponse(ListJson(std::move(items), next));
}

Reply AddPictures(Call& call) {
  KANTEI_TRY(
      const std::vector<Part*> files,
      FilesOf(call.request, "picture", static_cast<std::size_t>(call.app.options.pictures_per_request)));
  copy::EnrollOptions options;
  KANTEI_TRY(const std::string bank, FieldOf(call.request, "bank", 64));
  if (!bank.empty()) options.bank = bank;
  KANTEI_TRY(options.label, FieldOf(call.request, "label", 256));
  KANTEI_TRY(options.owner, FieldOf(call.request, "owner", 256));
  KANTEI_TRY(options.source, FieldOf(call.request, "source", 256));
  KANTEI_TRY(options.notes, FieldOf(call.request, "notes", 4000));
  KANTEI_TRY(const store::BankKind kind, call.app.library->KindOf(options.bank));
  std::vector<LibraryService::Upload> uploads;
  for (const Part* file : files) uploads.push_back({file->spooled, file->file_name});
  KANTEI_TRY(const LibraryService::Added added, call.app.library->Add(uploads, options));
  Json items = Json::array(), ids = Json::array(), failures = Json::array();
  for (const store::Picture& picture : added.pictures) {
    items.push_back(PictureJson(picture, kind, SeesPaths(call)));
    ids.push_back(picture.picture_id);
  }
  for (const auto& failure : added.failures)
    failures.push_back({{"file_name", failure.file_name},
                        {"code", ErrorCodeName(failure.error.code)},
                        {"detail", failure.error.message}});
  KANTEI_RETURN_IF_ERROR(
      call.Audit("library.add", "bank:" + options.bank, {{"picture_ids", std::move(ids)}}));
  return JsonResponse({{"added", added.pictures.size()},
                       {"already_known", added.already_known},
                       {"items", std::move(items)},
                       {"failures", std::move(failures)}});
}

Reply GetPicture(Call& call) {
  KANTEI_TRY(const std::int64_t picture_id, call.Id());
  KANTEI_TRY(const Kinds kinds, BankKinds(call.app));
  const auto picture =
      call.app.library->With([&](store::Catalog& catalog) { return catalog.Get(picture_id); });
  if (!picture.ok() && picture.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kNotFound, "the library has no picture " + std::to_string(picture_id)};
  if (!picture.ok()) return picture.error();
  return JsonResponse(PictureJson(*picture, kinds.at(picture->bank), SeesPaths(call)));
}

Reply GetPicturePreview(Call& call) {
  KANTEI_TRY(const std::int64_t picture_id, call.Id());
  const auto preview =
      call.app.library->With([&](store::Catalog& catalog) { return catalog.GetPreview(picture_id); });
  if (!preview.ok() || preview->empty())
    return Error{ErrorCode::kNotFound,
                 "the library keeps no preview of picture " + std::to_string(picture_id)};
  Response response;
  response.content_type = "image/jpeg";
  response.body.assign(reinterpret_cast<const char*>(preview->data()), preview->size());
  return response;
}

Reply UpdatePictures(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::vector<std::int64_t> ids, body.Ids("picture_ids", kMaxBulk));
  std::map<std::string, std::string> texts;
  for (const auto& [name, longest] : {std::pair{"label", 256}, std::pair{"owner", 256},
                                      std::pair{"source", 256}, std::pair{"notes", 4000}}) {
    if (!body.Has(name)) continue;
    KANTEI_TRY(texts[name], body.Text(name, static_cast<std::size_t>(longest)));
  }
  Json missing = Json::array();
  std::int64_t changed = 0;
  const Status written = call.app.library->Change([&](store::Catalog& catalog) -> Status {
    KANTEI_RETURN_IF_ERROR(catalog.Begin());
    for (const std::int64_t id : ids) {
      const auto picture = catalog.Get(id);
      if (!picture.ok()) {
        missing.push_back(id);
        continue;
      }
      const auto text = [&](const char* name, const std::string& old) {
        return texts.contains(name) ? texts[name] : old;
      };
      KANTEI_RETURN_IF_ERROR(
          catalog.UpdateTexts(id, text("label", picture->label), text("owner", picture->owner),
                              text("source", picture->source), text("notes", picture->notes)));
      ++changed;
    }
    return catalog.Commit();
  });
  KANTEI_RETURN_IF_ERROR(written);
  KANTEI_RETURN_IF_ERROR(call.Audit("library.update", "library", {{"picture_ids", ids}, {"texts", texts}}));
  return JsonResponse({{"changed", changed}, {"missing", std::move(missing)}});
}

Reply RemovePictures(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::vector<std::int64_t> ids, body.Ids("picture_ids", kMaxBulk));
  Json missing = Json::array(), removed = Json::array();
  const Status written = call.app.library->Change([&](store::Catalog& catalog) -> Status {
    KANTEI_RETURN_IF_ERROR(catalog.Begin());
    for (const std::int64_t id : ids) {
      const Status gone = catalog.Remove(id);
      if (!gone.ok() && gone.error().code != ErrorCode::kNotFound) return gone;
      (gone.ok() ? removed : missing).push_back(id);
    }
    return catalog.Commit();
  });
  KANTEI_RETURN_IF_ERROR(written);
  KANTEI_RETURN_IF_ERROR(call.Audit("library.remove", "library", {{"picture_ids", removed}}));
  return JsonResponse({{"changed", removed.size()}, {"missing", std::move(missing)}});
}

Reply ExportLibrary(Call& call) {
  store::PictureFilter filter;
  KANTEI_TRY(filter.bank, QueryText(call.request, "bank", 64));
  if (!filter.bank.empty()) KANTEI_RETURN_IF_ERROR(call.app.library->KindOf(filter.bank));
  std::vector<store::HashListRow> rows;
  KANTEI_RETURN_IF_ERROR(call.app.library->With([&](store::Catalog& catalog) {
    return catalog.List(filter, [&](const store::Picture& picture) {
      // As `kantei library export`: a partner's own identifier goes back, of our pictures only the id leaves.
      rows.push_back(
          {picture.pdq, picture.pdq_quality, picture.label,
           picture.path.empty() ? picture.source : "kantei-" + std::to_string(picture.picture_id)});
      return true;
    });
  }));
  KANTEI_RETURN_IF_ERROR(call.Audit("library.export", filter.bank.empty() ? "library" : "bank:" + filter.bank,
                                    {{"hashes", rows.size()}}));
  Response response;
  response.content_type = "text/csv; charset=utf-8";
  response.body = store::FormatHashList(rows);
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"kantei-hashes.csv\"");
  return response;
}

Reply ListRetroactive(Call& call) {
  std::optional<bool> seen;
  if (const auto text = call.request.Query("seen")) {
    if (*text != "true" && *text != "false") return BadRequest("seen must be true or false");
    seen = *text == "true";
  }
  KANTEI_TRY(const std::int64_t before, QueryCursor(call.request));
  KANTEI_TRY(const int limit, QueryLimit(call.request));
  KANTEI_TRY(auto matches, call.app.review().Retroactive(0, seen, before, limit + 1));
  std::optional<std::string> next;
  if (matches.size() > static_cast<std::size_t>(limit)) {
    matches.pop_back();
    next = std::to_string(matches.back().retroactive_id);
  }
  Json items = Json::array();
  for (const store::RetroactiveMatch& match : matches) items.push_back(RetroactiveJson(match));
  return JsonResponse(ListJson(std::move(items), next));
}

Reply MarkRetroactiveSeen(Call& call) {
  KANTEI_TRY(const JsonBody body, JsonBody::Of(call.request));
  KANTEI_TRY(const std::vector<std::int64_t> ids, body.Ids("retroactive_ids", kMaxBulk));
  KANTEI_TRY(auto change, call.app.database->Begin());
  KANTEI_TRY(const std::int64_t changed, call.app.review().MarkSeen(ids));
  KANTEI_RETURN_IF_ERROR(call.Audit("retroactive.seen", "library", {{"retroactive_ids", ids}}));
  KANTEI_RETURN_IF_ERROR(change.Commit());
  return JsonResponse({{"changed", changed}});
}

}  // namespace kantei::server
