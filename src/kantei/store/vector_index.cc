#include "kantei/store/vector_index.h"

#include <string>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/store/flat_index.h"
#include "kantei/store/hnsw_index.h"
#include "kantei/store/vector_format.h"

namespace kantei::store {
namespace {

Status CheckRange(std::string_view name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return {};
  return Error{ErrorCode::kInvalidArgument, std::string(name) + " is " + std::to_string(value) + ", " +
                                                std::to_string(least) + " to " + std::to_string(most) +
                                                " is expected"};
}

}  // namespace

std::string_view VectorBackendName(VectorBackend backend) {
  switch (backend) {
    case VectorBackend::kFlatFloat16:
      return "flat-float16";
    case VectorBackend::kFlatInt8:
      return "flat-int8";
    case VectorBackend::kHnsw:
      break;
  }
  return "hnsw";
}

Result<VectorBackend> ParseVectorBackend(std::string_view name) {
  for (const VectorBackend backend :
       {VectorBackend::kFlatFloat16, VectorBackend::kFlatInt8, VectorBackend::kHnsw}) {
    if (name == VectorBackendName(backend)) return backend;
  }
  return Error{ErrorCode::kInvalidArgument, "'" + std::string(name) +
                                                "' is no vector index; flat-float16, flat-int8 or hnsw is "
                                                "expected"};
}

Result<Recall> ParseRecall(std::string_view name) {
  if (name == "fast") return Recall::kFast;
  if (name == "balanced") return Recall::kBalanced;
  if (name == "exact") return Recall::kExact;
  return Error{ErrorCode::kInvalidArgument,
               "'" + std::string(name) + "' is no recall; fast, balanced or exact is expected"};
}

Status VectorIndexOptions::Validate() const {
  KANTEI_RETURN_IF_ERROR(CheckRange("dimension", dimension, 8, 4096));
  KANTEI_RETURN_IF_ERROR(CheckRange("hnsw_links", hnsw_links, 4, 64));
  return CheckRange("hnsw_effort", hnsw_effort, 8, 10'000);
}

Result<std::unique_ptr<VectorIndex>> VectorIndex::Create(const VectorIndexOptions& options) {
  KANTEI_RETURN_IF_ERROR(options.Validate());
  if (options.backend == VectorBackend::kHnsw) return std::unique_ptr<VectorIndex>(new HnswIndex(options));
  return std::unique_ptr<VectorIndex>(new FlatIndex(options));
}

Result<std::unique_ptr<VectorIndex>> VectorIndex::Open(const std::filesystem::path& path,
                                                       std::string_view tag) {
  KANTEI_TRY(MappedFile file, MappedFile::Open(path));
  const std::string name = DisplayPath(path);
  KANTEI_TRY(const VectorFileView view, ReadVectorFile(file.bytes(), name));
  if (view.tag != tag) {
    return Error{ErrorCode::kInvalidArgument, name + " holds the descriptors of '" + view.tag +
                                                  "', those of '" + std::string(tag) +
                                                  "' are wanted; build it again with that model"};
  }
  if (view.options.backend == VectorBackend::kHnsw) return HnswIndex::Load(std::move(file), view, name);
  return std::unique_ptr<VectorIndex>(new FlatIndex(std::move(file), view, name));
}

}  // namespace kantei::store
