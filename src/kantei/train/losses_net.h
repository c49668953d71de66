// Losses of self-supervised and identity training of copy descriptors.
#pragma once

#include <torch/torch.h>

namespace kantei::train {

/// InfoNCE over unit descriptors z (views x d) of SimCLR form: every view is a query, the other views of the same label are its
/// positives (mean of their log-probabilities), all other views its negatives. 2202.10261 section 4.1; temperature 0.05 there.
torch::Tensor InfoNceLoss(const torch::Tensor& z, const torch::Tensor& labels, double temperature);

/// KoLeo entropy, as SSCD has it (2202.10261 section 4.2): -mean log of the distance to the nearest view of another label, so
/// that descriptors spread over the sphere. Distances are clamped at 1e-6.
torch::Tensor KoLeoLoss(const torch::Tensor& z, const torch::Tensor& labels);

/// Barlow Twins (2103.03230): the cross-correlation of two views (each views x d, row i of both shows picture i) against the
/// identity; lambda weighs the off-diagonal. Divided by d, so that the scale does not follow the width.
torch::Tensor BarlowTwinsLoss(const torch::Tensor& a, const torch::Tensor& b, double lambda);

/// Cross-entropy of softmax(student / t) against softmax(teacher / t), the teacher not detached (BoT's joint distillation).
torch::Tensor DistillationLoss(const torch::Tensor& student_logits, const torch::Tensor& teacher_logits,
                               double temperature);

/// Batch-hard soft-margin triplet on raw features (Euclidean): mean of log(1 + exp(hardest positive - hardest negative)).
torch::Tensor SoftTripletLoss(const torch::Tensor& features, const torch::Tensor& labels);

/// WaveBlock (2006.06525; BoT: height share 0.3, factor 1.5): a random horizontal band keeps its values, the rest is multiplied.
/// `top_share` in 0..1 places the band. x: N,C,H,W.
torch::Tensor WaveBlock(const torch::Tensor& x, double top_share, double height_share = 0.3,
                        double factor = 1.5);

}  // namespace kantei::train
