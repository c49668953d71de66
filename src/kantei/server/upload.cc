#include "kantei/server/upload.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "kantei/base/files.h"
#include "kantei/server/secrets.h"

namespace kantei::server {
namespace {

namespace fs = std::filesystem;

Status Sync(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) return FileError(path, "cannot be written to the disk");
  const int outcome = ::fsync(descriptor);
  ::close(descriptor);
  if (outcome != 0) return Error{ErrorCode::kUnavailable, "the upload cannot be written to the disk"};
  return {};
}

Result<std::optional<QueuedJob>> Queue(App& app, const JobRequest& wanted,
                                       std::vector<store::JobItem> items) {
  QueuedJob queued;
  queued.job.kind = wanted.kind;
  queued.job.source = wanted.source;
  queued.job.user_id = wanted.user_id;
  queued.job.labels = wanted.labels.empty() ? "" : DumpJson(Json(wanted.labels));
  queued.items = std::move(items);
  KANTEI_TRY(const bool taken, app.jobs().Add(&queued.job, &queued.items, wanted.urgent, wanted.urgent,
                                              app.options.queue_limit));
  if (!taken) return std::optional<QueuedJob>();
  app.queue->Wake();
  KANTEI_TRY(queued.job, app.jobs().Get(queued.job.job_id));
  return std::optional<QueuedJob>(std::move(queued));
}

}  // namespace

Result<std::vector<Part*>> FilesOf(Request& request, std::string_view field, std::size_t max) {
  std::vector<Part*> files;
  for (Part& part : request.parts)
    if (part.is_file && part.name == field) files.push_back(&part);
  if (files.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "the part \"" + std::string(field) + "\" with a file is missing"};
  if (files.size() > max)
    return Error{ErrorCode::kInvalidArgument,
                 "there may be at most " + std::to_string(max) + " parts \"" + std::string(field) + "\""};
  for (const Part* file : files)
    if (file->bytes == 0)
      return Error{ErrorCode::kInvalidArgument, file->file_name + " is empty; a picture was expected"};
  return files;
}

Result<std::string> FieldOf(const Request& request, std::string_view field, std::size_t max) {
  for (const Part& part : request.parts) {
    if (part.is_file || part.name != field) continue;
    if (part.value.size() > max || part.value.find('\0') != std::string::npos ||
        DisplayPath(part.value) != part.value)
      return Error{ErrorCode::kInvalidArgument,
                   std::string(field) + " must be valid UTF-8 of at most " + std::to_string(max) + " bytes"};
    return part.value;
  }
  return std::string();
}

Result<std::vector<std::string>> ParseLabels(const std::string& text) {
  std::vector<std::string> labels;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string label = text.substr(at, comma - at);
    at = comma + 1;
    while (label.starts_with(' ')) label.erase(0, 1);
    while (label.ends_with(' ')) label.pop_back();
    if (label.empty() || std::find(labels.begin(), labels.end(), label) != labels.end()) continue;
    if (label.size() > 64 || labels.size() == 20)
      return Error{ErrorCode::kInvalidArgument, "there may be at most 20 labels of at most 64 bytes"};
    labels.push_back(std::move(label));
  }
  return labels;
}

Result<std::optional<QueuedJob>> QueueFiles(App& app, const JobRequest& wanted,
                                            const std::vector<Part*>& files) {
  std::vector<store::JobItem> items;
  for (Part* file : files) {
    store::JobItem item;
    item.file_name = file->file_name;
    item.spool = "item-" + RandomToken();
    std::error_code failure;
    KANTEI_RETURN_IF_ERROR(Sync(file->spooled, O_RDONLY));
    fs::rename(file->spooled, app.SpoolPath() / item.spool, failure);
    if (failure) return Error{ErrorCode::kUnavailable, "the upload cannot be kept: " + failure.message()};
    file->spooled = app.SpoolPath() / item.spool;  // still the request's, until the queue has it
    items.push_back(std::move(item));
  }
  KANTEI_RETURN_IF_ERROR(Sync(app.SpoolPath(), O_RDONLY | O_DIRECTORY));
  KANTEI_TRY(auto queued, Queue(app, wanted, std::move(items)));
  if (queued)
    for (Part* file : files) file->spooled.clear();
  return queued;
}

Result<std::optional<QueuedJob>> QueueRerun(App& app, const JobRequest& wanted, const store::Case& known) {
  store::JobItem item;
  item.file_name = known.file_name;
  item.inspection_id = known.inspection_id;
  return Queue(app, wanted, {item});
}

Problem QueueFull(const App& app) {
  return {503, "queue_full",
          "more than " + std::to_string(app.options.queue_limit) + " pictures would wait; try again later",
          30};
}

}  // namespace kantei::server
