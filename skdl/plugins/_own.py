"""skdl's own plugins, one per line, as other packages declare theirs in ``pyproject.toml``.

The rest follows from these lines: what users may write, what ``skdl list`` prints and what
``skdl.architectures`` exports. They are no entry points of skdl itself, which exist only once a
package is installed, and only those of that day: a checkout would have no networks.

Decisions: docs/decisions.md#layers-and-plugins.
"""

ARCHITECTURES = {
    "alexnet": "skdl.architectures._alexnet:alexnet",
    "deep": "skdl.architectures._simple:deep",
    "densenet40": "skdl.architectures._densenet:densenet40",
    "lenet5": "skdl.architectures._lenet:lenet5",
    "resnet18": "skdl.architectures._resnet:resnet18",
    "resnet20": "skdl.architectures._resnet:resnet20",
    "resnet32": "skdl.architectures._resnet:resnet32",
    "resnet56": "skdl.architectures._resnet:resnet56",
    "separable": "skdl.architectures._separable:separable",
    "simple": "skdl.architectures._simple:simple",
    "vgg16": "skdl.architectures._vgg:vgg16",
    "zfnet": "skdl.architectures._alexnet:zfnet",
}
BACKBONES = {
    "cifar_resnet20": "skdl.backbones._cifar:cifar_resnet20",
    "convnext_tiny": "skdl.backbones._applications:convnext_tiny",
    "densenet121": "skdl.backbones._applications:densenet121",
    "efficientnet_b0": "skdl.backbones._small_applications:efficientnet_b0",
    "efficientnetv2_b0": "skdl.backbones._small_applications:efficientnetv2_b0",
    "inception_v3": "skdl.backbones._applications:inception_v3",
    "mobilenet_v2": "skdl.backbones._small_applications:mobilenet_v2",
    "mobilenet_v3_small": "skdl.backbones._small_applications:mobilenet_v3_small",
    "resnet50": "skdl.backbones._applications:resnet50",
    "vgg16": "skdl.backbones._applications:vgg16",
    "vgg19": "skdl.backbones._applications:vgg19",
    "xception": "skdl.backbones._applications:xception",
}
DATASETS = {
    "cifar10": "skdl.datasets._cifar:load_cifar10",
    "digits": "skdl.datasets._digits:load_digits_images",
    "fashion_mnist": "skdl.datasets._mnist:load_fashion_mnist",
    "mnist": "skdl.datasets._mnist:load_mnist",
}
DECODERS = {
    "avif": "skdl.images._decoders.pillow:AvifDecoder",
    "dicom": "skdl.images._decoders.dicom:DicomDecoder",
    "heif": "skdl.images._decoders.heif:HeifDecoder",
    "jpeg2000": "skdl.images._decoders.jpeg2000:Jpeg2000Decoder",
    "netpbm": "skdl.images._decoders.netpbm:NetpbmDecoder",
    "nifti": "skdl.images._decoders.nifti:NiftiDecoder",
    "npy": "skdl.images._decoders.npy:NpyDecoder",
    "pillow": "skdl.images._decoders.pillow:PillowDecoder",
    "tiff": "skdl.images._decoders.tiff:TiffDecoder",
}
