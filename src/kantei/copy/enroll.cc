#include "kantei/copy/enroll.h"

#include <algorithm>

#include "kantei/base/parallel.h"
#include "kantei/base/sha256.h"
#include "kantei/copy/descriptor_library.h"
#include "kantei/copy/library_index.h"
#include "kantei/copy/local_features.h"
#include "kantei/copy/pdq.h"
#include "kantei/copy/vocabulary.h"
#include "kantei/copy/working_size.h"
#include "kantei/image/encode.h"
#include "kantei/image/transform.h"

namespace kantei::copy {
namespace {

struct Prepared {
  std::optional<Error> error;
  store::Picture picture;
  store::PictureBlobs blobs;
  Bytes descriptor;
};

Prepared Prepare(const std::filesystem::path& path, const EnrollOptions& options,
                 const Vocabulary* vocabulary) {
  Prepared prepared;
  const auto fail = [&](Error error) {
    prepared.error = std::move(error);
    return std::move(prepared);
  };
  auto bytes = ReadFile(path, options.limits.max_file_bytes);
  if (!bytes.ok()) return fail(bytes.error());
  image::DecodeOptions decode;
  decode.limits = options.limits;
  decode.max_longer_side = options.hashes_only ? kHashSide : kWorkingSide;
  auto decoded = image::DecodeImage(*bytes, DisplayPath(path), decode);
  if (!decoded.ok()) return fail(decoded.error());

  store::Picture& picture = prepared.picture;
  std::error_code ignored;
  picture.path = std::filesystem::absolute(path, ignored).lexically_normal().native();
  picture.sha256 = Sha256Hex(*bytes);
  picture.bank = options.bank;
  picture.label = options.label;
  picture.owner = options.owner;
  picture.source = options.source;
  picture.notes = options.notes;
  picture.width = decoded->original_width;
  picture.height = decoded->original_height;
  picture.file_bytes = static_cast<std::int64_t>(bytes->size());

  const image::Image& pixels = decoded->pixels;
  const PdqHash pdq = ComputePdq(pixels, picture.width, picture.height);
  picture.pdq = pdq.code;
  picture.pdq_quality = pdq.quality;
  if (vocabulary != nullptr) {
    const LocalFeatures features = ExtractLocalFeatures(pixels);
    prepared.blobs.features = SerializeFeatures(features);
    prepared.blobs.postings = SerializePostings(vocabulary->Quantise(features));
    picture.has_features = true;
    auto preview = image::EncodeJpeg(image::ResizeToFit(pixels, kPreviewSide), kPreviewQuality);
    if (!preview.ok()) return fail(preview.error());
    prepared.blobs.preview = std::move(*preview);
    if (options.descriptor != nullptr) {
      auto described = options.descriptor->Describe({&pixels, 1});
      if (!described.ok()) return fail(described.error());
      prepared.descriptor = SerializeDescriptor(described->row(0));
    }
  }
  return prepared;
}

}  // namespace

Status EnrollOptions::Validate() const {
  if (bank.empty()) return Error{ErrorCode::kInvalidArgument, "the bank needs a name"};
  if (threads < 0) return Error{ErrorCode::kInvalidArgument, "threads must be 0 (all cores) or more"};
  if (batch < 1) return Error{ErrorCode::kInvalidArgument, "batch must be at least 1"};
  return {};
}

Result<EnrollSummary> EnrollFiles(store::Catalog* catalog, const std::vector<std::filesystem::path>& files,
                                  const EnrollOptions& options, const CancellationToken& cancellation,
                                  Progress* progress) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  std::shared_ptr<const Vocabulary> vocabulary;
  if (!options.hashes_only) {
    KANTEI_TRY(vocabulary, Vocabulary::Shipped());
    KANTEI_TRY(const auto known, catalog->GetSetting("vocabulary"));
    if (known && *known != vocabulary->id()) {
      return Error{ErrorCode::kUnsupported,
                   "the library was made with vocabulary " + *known + ", this program has " +
                       vocabulary->id() +
                       ": make a new library, or use the version of Kantei that made this one"};
    }
    if (!known) KANTEI_RETURN_IF_ERROR(catalog->SetSetting("vocabulary", vocabulary->id()));
    if (options.descriptor != nullptr) {
      KANTEI_RETURN_IF_ERROR(CheckNetwork(catalog, *options.descriptor));
      KANTEI_RETURN_IF_ERROR(SetNetwork(catalog, *options.descriptor));
    }
  }

  EnrollSummary summary;
  std::optional<Error> stopped;
  bool open = false;
  std::int64_t pending = 0;
  const auto commit = [&]() -> Status {
    if (!open) return {};
    open = false;
    KANTEI_RETURN_IF_ERROR(catalog->Commit());
    summary.added += pending;
    pending = 0;
    return {};
  };
  const auto store_one = [&](std::size_t i, Prepared&& prepared) -> Status {
    if (prepared.error) {
      if (progress != nullptr) progress->Say(prepared.error->message);
      summary.failures.push_back({files[i], *prepared.error});
      return {};
    }
    if (!open) {
      KANTEI_RETURN_IF_ERROR(catalog->Begin());
      open = true;
    }
    KANTEI_TRY(const auto known, catalog->FindBySha256(prepared.picture.sha256, prepared.picture.bank));
    if (known) {
      ++summary.already_known;
      return {};
    }
    KANTEI_TRY(const std::int64_t picture_id, catalog->Add(prepared.picture, prepared.blobs));
    if (!options.hashes_only && options.descriptor != nullptr) {
      KANTEI_RETURN_IF_ERROR(
          catalog->PutDescriptor(picture_id, options.descriptor->id(), prepared.descriptor));
      summary.without_descriptor += prepared.descriptor.empty();
    }
    if (++pending >= options.batch) return commit();
    return {};
  };

  // What the catalogue has is recognised by its digest before any pixel is decoded, so that a rerun is quick.
  std::vector<std::uint8_t> skip(files.size());
  {
    std::vector<std::string> digests(files.size());
    KANTEI_TRY(const std::int64_t count, catalog->Count({}));
    if (count > 0) {
      ParallelFor(files.size(), ThreadCount(options.threads), cancellation, [&](std::size_t i) {
        if (auto digest = Sha256File(files[i]); digest.ok()) digests[i] = *digest;
      });
      for (std::size_t i = 0; i < files.size() && !cancellation.cancelled(); ++i) {
        if (digests[i].empty()) continue;
        KANTEI_TRY(const auto known, catalog->FindBySha256(digests[i], options.bank));
        skip[i] = known.has_value();
      }
    }
  }

  OrderedPipeline<Prepared>(
      files.size(), ThreadCount(options.threads), cancellation,
      [&](std::size_t i) { return skip[i] ? Prepared{} : Prepare(files[i], options, vocabulary.get()); },
      [&](std::size_t i, Prepared&& prepared) {
        if (progress != nullptr) progress->Advance();
        if (skip[i]) {
          ++summary.already_known;
          return true;
        }
        if (Status status = store_one(i, std::move(prepared)); !status.ok()) {
          stopped = status.error();
          return false;
        }
        return true;
      });
  if (!stopped) {
    if (Status status = commit(); !status.ok()) stopped = status.error();
  }
  if (stopped) {
    if (open) (void)catalog->Rollback();
    return *stopped;
  }
  summary.cancelled = cancellation.cancelled();
  return summary;
}

Status RefreshIndexes(const std::filesystem::path& library, std::shared_ptr<const DescriptorModel> descriptor,
                      const CancellationToken& cancellation) {
  KANTEI_TRY(const std::unique_ptr<store::Catalog> catalog,
             store::Catalog::Open(library, store::OpenMode::kReadOnly));
  KANTEI_TRY(const auto vocabulary, Vocabulary::Shipped());
  KANTEI_TRY(const auto index, LibraryIndex::Open(catalog.get(), *vocabulary, true, cancellation));
  (void)index;
  if (descriptor != nullptr) {
    KANTEI_TRY(const auto descriptors,
               DescriptorLibrary::Open(catalog.get(), std::move(descriptor), {}, true, cancellation));
    (void)descriptors;
  }
  return {};
}

}  // namespace kantei::copy
