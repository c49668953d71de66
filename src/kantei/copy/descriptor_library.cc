#include "kantei/copy/descriptor_library.h"

#include <algorithm>

#include "kantei/base/files.h"
#include "kantei/base/log.h"
#include "kantei/base/parallel.h"
#include "kantei/image/decode.h"

namespace kantei::copy {
namespace fs = std::filesystem;
namespace {

constexpr const char* kNetworkSetting = "descriptor.network";
constexpr const char* kNameSetting = "descriptor.name";
constexpr const char* kBackendSetting = "descriptor.index";
// Grows with every commit of a reindexing run, which changes descriptors without changing any picture.
constexpr const char* kGenerationSetting = "descriptor.generation";
constexpr std::size_t kAddRows = 4096;
// So many changes are quicker to repeat at every opening than to save.
constexpr std::int64_t kSaveAfterRows = 256;

// What an index must have been made with to be brought up to date instead of being made anew.
Result<std::string> TagOf(store::Catalog* catalog, const DescriptorSearch& search,
                          store::VectorBackend backend) {
  KANTEI_TRY(const store::Checkpoint now, catalog->CurrentCheckpoint());
  KANTEI_TRY(const auto generation, catalog->GetSetting(kGenerationSetting));
  const bool adjusted = search.normalisation() == Normalisation::kNegatives;
  return now.catalog_uuid + " " + generation.value_or("0") + " " + search.model().id() + " " +
         std::string(store::VectorBackendName(backend)) + (adjusted ? " negatives" : "");
}

// How far the index file has followed the catalogue: a line beside it. It is taken away before the index is replaced and written
// after, so that a crash between the two leaves no line, and the index is then made anew.
std::string PositionText(const std::string& tag, const store::Checkpoint& checkpoint) {
  return std::to_string(checkpoint.last_picture_id) + " " + std::to_string(checkpoint.removals) + " " + tag +
         "\n";
}
std::optional<store::Checkpoint> ReadPosition(const fs::path& path, const std::string& tag) {
  const auto text = ReadTextFile(path, 65'536);
  if (!text.ok()) return std::nullopt;
  store::Checkpoint position;
  char* end = nullptr;
  position.last_picture_id = std::strtoll(text->c_str(), &end, 10);
  position.removals = std::strtoll(end, &end, 10);
  if (*text != PositionText(tag, position)) return std::nullopt;
  return position;
}

Status BumpGeneration(store::Catalog* catalog) {
  KANTEI_TRY(const auto generation, catalog->GetSetting(kGenerationSetting));
  const long long next = generation ? std::strtoll(generation->c_str(), nullptr, 10) + 1 : 1;
  return catalog->SetSetting(kGenerationSetting, std::to_string(next));
}

// Reads every descriptor of the network in portions of whole rows.
Status ReadDescriptors(store::Catalog* catalog, const DescriptorModel& model, std::int64_t after_id,
                       const CancellationToken& cancellation,
                       const std::function<Status(std::vector<std::int64_t>&, std::vector<float>&,
                                                  std::vector<store::BankKind>&)>& use) {
  std::vector<std::int64_t> ids;
  std::vector<float> rows;
  std::vector<store::BankKind> kinds;
  Status failure;
  const auto flush = [&] {
    if (failure.ok() && !ids.empty()) failure = use(ids, rows, kinds);
    ids.clear(), rows.clear(), kinds.clear();
  };
  KANTEI_RETURN_IF_ERROR(
      catalog->ScanDescriptors(model.id(), after_id, [&](store::Catalog::DescriptorRow&& row) {
        auto descriptor = ParseDescriptor(row.vectors, model.dimension());
        if (!descriptor.ok()) {
          LogWarning("picture " + std::to_string(row.picture_id) + ": " + descriptor.error().message);
        } else if (!descriptor->empty()) {
          ids.push_back(row.picture_id);
          kinds.push_back(row.bank_kind);
          rows.insert(rows.end(), descriptor->begin(), descriptor->end());
          if (ids.size() == kAddRows) flush();
        }
        return failure.ok() && !cancellation.cancelled();
      }));
  flush();
  KANTEI_RETURN_IF_ERROR(cancellation.Check());
  return failure;
}

}  // namespace

Result<std::optional<LibraryNetwork>> NetworkOf(store::Catalog* catalog) {
  KANTEI_TRY(const auto id, catalog->GetSetting(kNetworkSetting));
  if (!id) return std::optional<LibraryNetwork>();
  KANTEI_TRY(const auto name, catalog->GetSetting(kNameSetting));
  return std::optional<LibraryNetwork>({*id, name.value_or("")});
}

Status CheckNetwork(store::Catalog* catalog, const DescriptorModel& model) {
  KANTEI_TRY(const auto network, NetworkOf(catalog));
  if (!network || network->id == model.id()) return {};
  return Error{
      ErrorCode::kUnsupported,
      "the library " + DisplayPath(catalog->directory()) + " was described by the network " + network->name +
          ", and this is " + model.info().name + " (" + model.info().sha256.substr(0, 12) +
          "): name the first with --model, or run kantei library reindex to move the library to the second"};
}

Status SetNetwork(store::Catalog* catalog, const DescriptorModel& model) {
  KANTEI_RETURN_IF_ERROR(catalog->SetSetting(kNetworkSetting, model.id()));
  return catalog->SetSetting(kNameSetting, model.info().name);
}

Result<store::VectorBackend> BackendOf(store::Catalog* catalog) {
  KANTEI_TRY(const auto name, catalog->GetSetting(kBackendSetting));
  return name ? store::ParseVectorBackend(*name) : Result(store::VectorBackend::kFlatInt8);
}

Status SetBackend(store::Catalog* catalog, store::VectorBackend backend) {
  return catalog->SetSetting(kBackendSetting, std::string(store::VectorBackendName(backend)));
}

Result<std::unique_ptr<DescriptorLibrary>> DescriptorLibrary::Open(
    store::Catalog* catalog, std::shared_ptr<const DescriptorModel> model,
    const DescriptorSearchOptions& options, bool save, const CancellationToken& cancellation) {
  KANTEI_RETURN_IF_ERROR(CheckNetwork(catalog, *model));
  std::unique_ptr<DescriptorLibrary> library(new DescriptorLibrary);
  // Pictures that are to be passed over are what a query must be nearer than.
  std::vector<float> negatives;
  KANTEI_TRY(const std::vector<store::Bank> banks, catalog->Banks());
  const bool ignores = std::any_of(banks.begin(), banks.end(), [](const store::Bank& bank) {
    return bank.kind == store::BankKind::kIgnore && bank.pictures > 0;
  });
  // Without such pictures the descriptors need not be read from the catalogue at all when the index is current.
  if (ignores) {
    KANTEI_RETURN_IF_ERROR(
        ReadDescriptors(catalog, *model, 0, cancellation, [&](auto& ids, auto& rows, auto& kinds) {
          const auto dimension = static_cast<std::ptrdiff_t>(model->dimension());
          for (std::size_t i = 0; i < ids.size(); ++i)
            if (kinds[i] == store::BankKind::kIgnore)
              negatives.insert(negatives.end(), rows.begin() + static_cast<std::ptrdiff_t>(i) * dimension,
                               rows.begin() + static_cast<std::ptrdiff_t>(i + 1) * dimension);
          return Status();
        }));
  }
  KANTEI_TRY(library->search_, DescriptorSearch::Create(model, options, negatives, 1));
  KANTEI_TRY(const store::VectorBackend backend, BackendOf(catalog));
  KANTEI_TRY(const std::string tag, TagOf(catalog, *library->search_, backend));
  {
    KANTEI_TRY(const std::int64_t described, catalog->CountDescriptors(model->id()));
    KANTEI_TRY(const std::int64_t pictures, catalog->Count({}));
    // Bare hashes have nothing to describe, so the count is looked at closely only when it can matter.
    if (described < pictures) {
      KANTEI_TRY(const auto waiting, catalog->WithoutDescriptor(model->id(), 0, 1'000'000));
      library->missing_ = static_cast<std::int64_t>(waiting.size());
    }
  }
  const fs::path path = catalog->directory() / "index" / "descriptors.idx";
  const fs::path position_path = catalog->directory() / "index" / "descriptors.position";
  KANTEI_TRY(const store::Checkpoint now, catalog->CurrentCheckpoint());
  std::optional<store::Checkpoint> position = ReadPosition(position_path, tag);
  if (position && (position->last_picture_id > now.last_picture_id || position->removals > now.removals))
    position.reset();
  if (position) {
    auto index = store::VectorIndex::Open(path, tag);
    if (index.ok())
      library->index_ = std::move(*index);
    else
      position.reset();
  }
  std::int64_t changes = 0;
  if (position) {
    KANTEI_TRY(const std::vector<std::int64_t> removed, catalog->RemovedSince(position->removals));
    for (const std::int64_t id : removed) changes += library->index_->Remove(id);
  } else {
    store::VectorIndexOptions index_options;
    index_options.backend = backend;
    index_options.dimension = model->dimension();
    KANTEI_TRY(library->index_, store::VectorIndex::Create(index_options));
  }
  KANTEI_RETURN_IF_ERROR(ReadDescriptors(catalog, *model, position ? position->last_picture_id : 0,
                                         cancellation, [&](auto& ids, auto& rows, auto&) {
                                           library->search_->AdjustKnown(rows);
                                           changes += static_cast<std::int64_t>(ids.size());
                                           return library->index_->Add(ids, rows, 0);
                                         }));
  if (save && (!position || changes >= kSaveAfterRows)) {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    fs::remove(position_path, ignored);
    Status saved = library->index_->Save(path, tag);
    if (saved.ok()) saved = WriteFileAtomic(position_path, PositionText(tag, now));
    if (!saved.ok()) LogDebug("the descriptor index could not be saved: " + saved.error().message);
  }
  return library;
}

Result<ReindexSummary> ReindexLibrary(store::Catalog* catalog, const DescriptorModel& model,
                                      const ReindexOptions& options, const CancellationToken& cancellation,
                                      Progress* progress) {
  if (options.batch < 1) return Error{ErrorCode::kInvalidArgument, "batch must be at least 1"};
  KANTEI_RETURN_IF_ERROR(SetNetwork(catalog, model));
  if (options.backend) KANTEI_RETURN_IF_ERROR(SetBackend(catalog, *options.backend));
  ReindexSummary summary;
  std::int64_t after = 0;
  while (!cancellation.cancelled()) {
    KANTEI_TRY(const std::vector<std::int64_t> ids,
               catalog->WithoutDescriptor(model.id(), after, options.batch));
    if (ids.empty()) return summary;
    std::vector<Bytes> previews(ids.size()), vectors(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      KANTEI_TRY(previews[i], catalog->GetPreview(ids[i]));
    }
    std::vector<std::optional<Error>> errors(ids.size());
    ParallelFor(ids.size(), ThreadCount(options.threads), {}, [&](std::size_t i) {
      auto decoded = image::DecodeImage(previews[i], "the stored preview");
      if (!decoded.ok()) {
        errors[i] = decoded.error();
        return;
      }
      auto described = model.Describe({&decoded->pixels, 1});
      if (described.ok())
        vectors[i] = SerializeDescriptor(described->row(0));
      else
        errors[i] = described.error();
      if (progress != nullptr) progress->Advance();
    });
    KANTEI_RETURN_IF_ERROR(catalog->Begin());
    Status status;
    for (std::size_t i = 0; i < ids.size() && status.ok(); ++i) {
      if (errors[i]) {
        // Stays without one and is named at every run; the other checks still know the picture.
        LogWarning("picture " + std::to_string(ids[i]) + ": " + errors[i]->message);
        continue;
      }
      status = catalog->PutDescriptor(ids[i], model.id(), vectors[i]);
      ++summary.described;
      summary.without += vectors[i].empty();
    }
    if (status.ok()) status = BumpGeneration(catalog);
    if (!status.ok()) {
      (void)catalog->Rollback();
      return status.error();
    }
    KANTEI_RETURN_IF_ERROR(catalog->Commit());
    after = ids.back();
  }
  summary.cancelled = true;
  return summary;
}

}  // namespace kantei::copy
