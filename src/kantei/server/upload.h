// From the parts of a request to jobs in the queue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kantei/server/app.h"

namespace kantei::server {

/// The files of a field; kInvalidArgument when there is none, or more than `max`.
Result<std::vector<Part*>> FilesOf(Request& request, std::string_view field, std::size_t max);
/// A field's value; empty when missing. kInvalidArgument when longer than `max` bytes or no UTF-8.
Result<std::string> FieldOf(const Request& request, std::string_view field, std::size_t max);

/// Labels of a comma-separated list; kInvalidArgument for more than 20, or longer than 64 bytes.
Result<std::vector<std::string>> ParseLabels(const std::string& text);

/// What a job is made of.
struct JobRequest {
  std::string kind = "inspect", source;
  std::int64_t user_id = 0;
  std::vector<std::string> labels;
  bool urgent = false;  ///< it will be waited for
};
struct QueuedJob {
  store::Job job;
  std::vector<store::JobItem> items;
};
/// Syncs the files, names them as the queue's, writes the job: after it the upload survives a crash. Nothing: the queue is full.
Result<std::optional<QueuedJob>> QueueFiles(App& app, const JobRequest& wanted,
                                            const std::vector<Part*>& files);
/// The same for a case that is inspected again.
Result<std::optional<QueuedJob>> QueueRerun(App& app, const JobRequest& wanted, const store::Case& known);

/// 503 queue_full.
Problem QueueFull(const App& app);

}  // namespace kantei::server
