// The catalogue of known pictures: SQLite in WAL mode is the truth, everything else is rebuilt from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kantei/base/cancellation.h"
#include "kantei/base/code256.h"
#include "kantei/base/files.h"
#include "kantei/base/result.h"

namespace kantei::store {

/// What a match means. allow: known and permitted; deny: known, reuse is a finding; ignore: silences the
/// match.
enum class BankKind { kAllow, kDeny, kIgnore };
std::string_view BankKindName(BankKind kind);
Result<BankKind> ParseBankKind(std::string_view name);

struct Bank {
  std::int64_t bank_id = 0;
  std::string name;  ///< unique; "allow", "deny" and "ignore" always exist
  BankKind kind = BankKind::kDeny;
  std::int64_t pictures = 0;
};

/// One known picture (or a bare hash from a partner: then path is empty, sizes are 0 and there are no blobs).
struct Picture {
  std::int64_t picture_id = 0;  ///< lasting, ascending, never reused
  std::string bank;
  std::string path;    ///< as added, absolute; raw bytes of the file name
  std::string sha256;  ///< of the file; empty for a bare hash
  std::string label, owner, source, notes;
  int width = 0, height = 0;
  std::int64_t file_bytes = 0;
  std::string added_at;  ///< UTC, ISO 8601
  Code256 pdq;
  int pdq_quality = 0;  ///< 0..100
  bool has_features = false;
};

/// Opaque blobs that belong to a picture; their formats are their writers' (docs/formats.md).
struct PictureBlobs {
  Bytes features;  ///< local features for verification; may be empty (hash-only catalogues)
  Bytes postings;  ///< visual words and signatures for the inverted index; may be empty
  Bytes preview;   ///< small JPEG for reports and the photometric check; may be empty
};

/// Filters of List; empty fields do not filter. `after_id` and `limit` page.
struct PictureFilter {
  std::string bank = {}, label = {}, owner = {};  // = {}: GCC then takes {.label = "x"} without a warning
  std::string path_prefix = {};                   ///< bytes, not whole names: "/a/b" also takes "/a/bc.jpg"
  /// Part of path, label, owner, source or notes (ASCII letters in any case), or the beginning of the SHA-256.
  std::string text = {};
  std::string added_from = {}, added_to = {};  ///< of added_at: inclusive, exclusive
  std::int64_t after_id = 0;
  std::int64_t before_id = 0;  ///< 0: no limit
  bool newest_first = false;
  int limit = 0;  ///< 0: no limit
};

/// A position in the catalogue's history: an index is current when its checkpoint equals the catalogue's.
struct Checkpoint {
  std::string catalog_uuid;          ///< made with the catalogue
  std::int64_t last_picture_id = 0;  ///< highest id ever given out that is committed
  std::int64_t removals = 0;         ///< number of removals so far
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

enum class OpenMode { kReadOnly, kReadWrite, kCreate };

/// One library directory. One writer at a time (kUnavailable with the reason otherwise), any number of
/// readers. Not thread-safe: one Catalog per thread (they may be open on the same directory).
class Catalog {
 public:
  /// kNotFound when there is no catalogue and mode is not kCreate; kCorrupt when the file is not ours or
  /// damaged; kUnsupported when written by a newer version.
  static Result<std::unique_ptr<Catalog>> Open(const std::filesystem::path& directory, OpenMode mode);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  const std::filesystem::path& directory() const;

  Result<std::vector<Bank>> Banks();
  /// Creates it, or does nothing when it exists with this kind; kInvalidArgument when it exists with another.
  Status EnsureBank(const std::string& name, BankKind kind);

  /// The id under which this file content is known in this bank, if it is.
  Result<std::optional<std::int64_t>> FindBySha256(const std::string& sha256, const std::string& bank);
  /// A bare hash already known in this bank, if it is.
  Result<std::optional<std::int64_t>> FindBareHash(const Code256& pdq, const std::string& bank);

  /// Batches of additions between Begin and Commit are durable after Commit, and not there at all before it.
  Status Begin();
  Status Commit();
  Status Rollback();
  /// Adds a picture (picture_id and added_at are set by the catalogue). kInvalidArgument: unknown bank, or
  /// already there.
  Result<std::int64_t> Add(const Picture& picture, const PictureBlobs& blobs);
  /// kNotFound when there is none.
  Status Remove(std::int64_t picture_id);
  Status UpdateTexts(std::int64_t picture_id, const std::string& label, const std::string& owner,
                     const std::string& source, const std::string& notes);

  Result<Picture> Get(std::int64_t picture_id);
  Result<PictureBlobs> GetBlobs(std::int64_t picture_id);
  Result<Bytes> GetFeatures(std::int64_t picture_id);
  Result<Bytes> GetPreview(std::int64_t picture_id);
  /// In order of id. `visit` returning false stops.
  Status List(const PictureFilter& filter, const std::function<bool(const Picture&)>& visit);
  Result<std::int64_t> Count(const PictureFilter& filter);

  /// For index building, in order of id from after_id on: id, hash, quality, postings blob. One pass, bounded
  /// memory.
  struct IndexRow {
    std::int64_t picture_id = 0;
    Code256 pdq;
    int pdq_quality = 0;
    Bytes postings;
  };
  Status ScanForIndex(std::int64_t after_id, bool with_postings,
                      const std::function<bool(IndexRow&&)>& visit);
  /// Ids removed since the catalogue was made, ascending by time of removal, from the given count of removals
  /// on.
  Result<std::vector<std::int64_t>> RemovedSince(std::int64_t removals);

  Result<Checkpoint> CurrentCheckpoint();

  /// The descriptor of a picture under a network (`model`: what identifies the network), replacing an earlier one. `vectors` is
  /// opaque; empty says that the picture was looked at and has none. kNotFound: no such picture.
  Status PutDescriptor(std::int64_t picture_id, const std::string& model, const Bytes& vectors);
  /// Nothing when the picture has none of this network.
  Result<std::optional<Bytes>> GetDescriptor(std::int64_t picture_id, const std::string& model);
  struct DescriptorRow {
    std::int64_t picture_id = 0;
    BankKind bank_kind = BankKind::kDeny;
    Bytes vectors;
  };
  /// In order of id from after_id on. `visit` returning false stops.
  Status ScanDescriptors(const std::string& model, std::int64_t after_id,
                         const std::function<bool(DescriptorRow&&)>& visit);
  /// Pictures with a preview and without a descriptor of this network, in order of id from after_id on, at most `limit`.
  Result<std::vector<std::int64_t>> WithoutDescriptor(const std::string& model, std::int64_t after_id,
                                                      int limit);
  /// How many pictures have been described by this network.
  Result<std::int64_t> CountDescriptors(const std::string& model);

  /// A named setting kept with the library (e.g. the vocabulary its postings were made with).
  Result<std::optional<std::string>> GetSetting(const std::string& name);
  Status SetSetting(const std::string& name, const std::string& value);

  /// SQLite's integrity check, foreign keys, and our own rules (banks exist, blobs where has_features says
  /// so). One sentence per problem; empty when sound.
  Result<std::vector<std::string>> Verify(const CancellationToken& cancellation);

 private:
  struct State;
  explicit Catalog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kantei::store
