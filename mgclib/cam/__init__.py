"""Class activation maps: which part of a picture speaks for a genre, as a network sees it.

`activation_maps` is the method of Zhou et al. for networks that end in global average pooling and one dense layer:
the score of a genre is a weighted sum of the means of the last feature maps, so the same weighted sum of the *maps*
says where the score comes from. `grad_cam` (Selvaraju et al.) takes the mean gradient in place of the weights and so
serves any functional network with a two-dimensional convolution. Scores are those **before** the softmax: a
probability is also pushed up by whatever speaks against the other genres, and where it is close to one its gradient
vanishes.

Whatever precision a network was trained in, maps are computed in float32. `randomised` gives a network back with
fresh weights (the check of Adebayo et al.): a map that stays the same shows the picture, not what was learned.

References: Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016; Selvaraju et al.,
"Grad-CAM", ICCV 2017; Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
Source: AGH report, "CAM Visualization". Notebook: ``cam``.
"""

from mgclib.cam.graph import last_map, randomised, receptive_field, weighted_layers
from mgclib.cam.maps import ClassMaps, activation_maps, contributions, grad_cam, gradient, relative, upsampled
from mgclib.cam.samples import emphasis, kept, mean_maps, most_certain, read

__all__ = [
    "ClassMaps",
    "activation_maps",
    "contributions",
    "emphasis",
    "grad_cam",
    "gradient",
    "kept",
    "last_map",
    "mean_maps",
    "most_certain",
    "randomised",
    "read",
    "receptive_field",
    "relative",
    "upsampled",
    "weighted_layers",
]
